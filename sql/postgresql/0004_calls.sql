-- Calls that take longer than their request, what they ask, and tasks.
--
-- Who changes a call, its questions or its task has locked the row of the call,
-- and is fenced by what it finds there then: of two who claim, finish, answer
-- or cancel at once the second sees what the first has left.  Calls of a
-- session are opened under the lock of its row, so that of two who bring the
-- same request one opens and the other joins.  Limits are counted without a
-- lock: they may be passed by as many calls as are opened at the same moment.

-- The columns of a call and of a task as the program reads them, by their
-- place.
CREATE OR REPLACE VIEW mcp_call_row AS SELECT number, session, principal,
	principal_name, request_id, digest, request, tool, stream, revision,
	transport, caps, task, is_repeatable, runs_max, owner, epoch, runs,
	pgroup, pgroup_start, is_cancelled, is_waiting, state, created,
	deadline, ended FROM mcp_call;

-- ... behind an outcome, enum call_opened, the reader of its stream, and the
-- numbers of a call, a task and a stream that are new.
CREATE OR REPLACE VIEW mcp_call_answer AS SELECT 0 AS outcome, 0 AS opened,
	CAST(0 AS bigint) AS reader, CAST(0 AS bigint) AS made,
	CAST(0 AS bigint) AS made_task, CAST(0 AS bigint) AS made_stream, c.*
	FROM mcp_call_row c;

CREATE OR REPLACE VIEW mcp_task_row AS SELECT number, id, principal, session,
	form, call_number, state, message, result, is_error, created, updated,
	ttl_ms FROM mcp_task;

CREATE OR REPLACE VIEW mcp_task_answer AS SELECT 0 AS outcome, t.*
	FROM mcp_task_row t;

CREATE OR REPLACE VIEW mcp_question_row AS SELECT rpc_id, ask_key, method,
	params, call_number, session, stream, state, is_error, answer, deadline,
	id FROM mcp_question;

-- ------------------------------------------------- parts of other routines

-- `<host>` of `<host>.<process>`.
CREATE OR REPLACE FUNCTION mcp_host_of(p_owner bytea)
RETURNS bytea LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	FOR v_at IN REVERSE length(p_owner) .. 1 LOOP
		IF get_byte(p_owner, v_at - 1) = 46 THEN
			RETURN substring(p_owner FROM 1 FOR v_at - 1);
		END IF;
	END LOOP;
	RETURN p_owner;
END $$;

-- Are so many calls of the owner's host running already?  Its owners lie
-- between `<host>.` and `<host>/`.
CREATE OR REPLACE FUNCTION mcp_host_is_full(p_owner bytea, p_is_waiting bigint,
	p_max bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	v_host bytea := mcp_host_of(p_owner);
	v_n bigint;
BEGIN
	IF p_max <= 0 THEN
		RETURN false;
	END IF;
	SELECT count(*) INTO v_n FROM (SELECT 1 FROM mcp_call
		WHERE state = 1 AND is_waiting = p_is_waiting
		AND owner >= v_host || '\x2e'::bytea
		AND owner < v_host || '\x2f'::bytea LIMIT p_max) n;
	RETURN v_n >= p_max;
END $$;

CREATE OR REPLACE FUNCTION mcp_principal_is_full(p_principal bytea,
	p_max bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	v_n bigint;
BEGIN
	IF p_max <= 0 THEN
		RETURN false;
	END IF;
	SELECT count(*) INTO v_n FROM (SELECT 1 FROM mcp_call
		WHERE state = 1 AND is_waiting = 0
		AND principal = p_principal LIMIT p_max) n;
	RETURN v_n >= p_max;
END $$;

-- What time it is for a wish to cancel.  It is left by one host and taken by
-- another, whose clocks may differ by minutes, while it is to live for seconds.
-- So its age is measured by a clock that both see: that of the host which is
-- furthest ahead, as it was at its last beat, at most about a second ago.  A
-- host more than ten minutes ahead has no clock.  If nobody beats, by one's own.
CREATE OR REPLACE FUNCTION mcp_cancel_clock(p_now bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT greatest(p_now, max(at)) FROM mcp_host
		WHERE at <= p_now + 600000);
END $$;

-- Tell of a call (kind 0: nothing) and of its task (0: nothing).  Of those
-- without a session they may be in two shards.
CREATE OR REPLACE FUNCTION mcp_call_notice(p_now bigint, p_session bigint,
	p_stream bigint, p_kind integer, p_call bigint, p_task bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF p_session = 0 AND p_kind <> 0 AND p_task <> 0 THEN
		PERFORM 1 FROM mcp_chg
			WHERE shard IN (p_call % 256, p_task % 256)
			ORDER BY shard FOR UPDATE;
	END IF;
	IF p_task <> 0 THEN
		PERFORM mcp_notice(p_now, p_session, p_stream, 6, p_task);
	END IF;
	IF p_kind <> 0 THEN
		PERFORM mcp_notice(p_now, p_session, p_stream, p_kind, p_call);
	END IF;
END $$;

-- The next field of a list: ten digits that say its length, then its bytes; or
-- ten hyphens for none.
CREATE OR REPLACE FUNCTION mcp_unpack(p_list bytea, INOUT v_at integer,
	OUT v_field bytea)
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
	v_length integer;
BEGIN
	IF get_byte(p_list, v_at) = 45 THEN
		v_at := v_at + 10;
		RETURN;
	END IF;
	v_length := encode(substring(p_list FROM v_at + 1 FOR 10), 'escape');
	v_field := substring(p_list FROM v_at + 11 FOR v_length);
	v_at := v_at + 10 + v_length;
END $$;

-- The call waits, or goes on, and its task with it; 0 if that did not change,
-- or else its task, of which somebody has to tell.
CREATE OR REPLACE FUNCTION mcp_call_wait(p_now bigint, p_call bigint,
	p_task bigint, p_is_waiting integer)
RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
	UPDATE mcp_call SET is_waiting = p_is_waiting
		WHERE number = p_call AND is_waiting <> p_is_waiting;
	IF p_task = 0 THEN
		RETURN 0;
	END IF;
	UPDATE mcp_task SET state = 1 + p_is_waiting, updated = p_now
		WHERE number = p_task AND state = 2 - p_is_waiting;
	RETURN CASE WHEN FOUND THEN p_task ELSE 0 END;
END $$;

-- Cancel a call whose row is locked, and that is running: 1 by its client, 2 by
-- an operator.
CREATE OR REPLACE FUNCTION mcp_call_cancelled(p_now bigint, p_call bigint,
	p_by integer)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_session bigint;
	v_stream bigint;
BEGIN
	UPDATE mcp_call SET is_cancelled = p_by
		WHERE number = p_call AND state = 1 AND is_cancelled = 0
		RETURNING session, stream INTO v_session, v_stream;
	IF FOUND THEN
		PERFORM mcp_notice(p_now, v_session, v_stream, 4, p_call);
	END IF;
END $$;

-- ----------------------------------------------------------------- begin

-- What becomes of a request: see enum call_opened (0 new, 1 joined, 2 other,
-- 3 cancelled, 4 no room).  Locks its session and changes nothing.  (That a
-- session is not 0 is said where an index has only those: a plan for any session
-- could not use it.)
CREATE OR REPLACE FUNCTION mcp_call_meet(p_now bigint, p_session bigint,
	p_principal bytea, p_request_id bytea, p_digest bytea, p_owner bytea,
	p_is_waiting bigint, p_host_max bigint, p_principal_max bigint,
	OUT v_outcome integer, OUT v_opened integer, OUT v_number bigint,
	OUT v_wish bigint)
LANGUAGE plpgsql AS $$
DECLARE
	v_digest bytea;
BEGIN
	v_outcome := 0;
	v_opened := 0;
	IF p_session <> 0 THEN
		PERFORM 1 FROM mcp_session
			WHERE id = p_session AND state = 1 FOR UPDATE;
		IF NOT FOUND THEN
			v_outcome := 1;
			RETURN;
		END IF;
	END IF;
	IF p_session <> 0 AND p_request_id IS NOT NULL THEN
		SELECT number, digest INTO v_number, v_digest FROM mcp_call
			WHERE session = p_session AND session <> 0
			AND request_id = p_request_id
			AND state = 1 ORDER BY number DESC LIMIT 1;
		IF v_number IS NULL THEN
			-- Its response was not taken to the end.
			SELECT c.number, c.digest INTO v_number, v_digest
				FROM mcp_call c
				JOIN mcp_stream s ON s.number = c.stream
				WHERE c.session = p_session AND c.session <> 0
				AND c.request_id = p_request_id
				AND c.state = 2 AND c.digest = p_digest
				AND s.sent < s.head
				AND s.incarnation = (SELECT v FROM mcp_meta
					WHERE k = 'incarnation')
				ORDER BY c.number DESC LIMIT 1;
		END IF;
		IF v_number IS NOT NULL THEN
			v_opened := CASE WHEN v_digest = p_digest
				THEN 1 ELSE 2 END;
			RETURN;
		END IF;
		SELECT at INTO v_wish FROM mcp_cancel
			WHERE session = p_session AND request_id = p_request_id;
		IF v_wish IS NOT NULL THEN
			IF v_wish > mcp_cancel_clock(p_now) - 10000 THEN
				v_opened := 3;
				RETURN;
			END IF;
		END IF;
	END IF;
	IF mcp_host_is_full(p_owner, p_is_waiting, p_host_max)
		OR mcp_principal_is_full(p_principal, p_principal_max) THEN
		v_opened := 4;
	END IF;
END $$;

-- Opens a task, too, if it has an id; then `made_task` is its number, and there
-- is no stream.
CREATE OR REPLACE FUNCTION mcp_call_open(p_mark bytea, p_now bigint,
	p_session bigint, p_principal bytea, p_principal_name bytea,
	p_request_id bytea, p_digest bytea, p_request bytea, p_tool bytea,
	p_stream bigint, p_revision bytea, p_transport bigint, p_caps bigint,
	p_is_repeatable bigint, p_runs_max bigint, p_owner bytea,
	p_deadline bigint, p_is_waiting bigint, p_host_max bigint,
	p_principal_max bigint, p_task_id bytea, p_task_principal bytea,
	p_task_session bigint, p_form bigint, p_message bytea, p_ttl_ms bigint)
RETURNS SETOF mcp_call_answer LANGUAGE plpgsql AS $$
DECLARE
	v_outcome integer;
	v_opened integer;
	v_number bigint;
	v_wish bigint;
	v_stream bigint := 0;
	v_reader bigint;
	v_made bigint := 0;
	v_task bigint := 0;
BEGIN
	SELECT m.v_outcome, m.v_opened, m.v_number, m.v_wish
		INTO v_outcome, v_opened, v_number, v_wish
		FROM mcp_call_meet(p_now, p_session, p_principal, p_request_id,
			p_digest, p_owner, p_is_waiting, p_host_max,
			p_principal_max) m;
	IF p_session <> 0 AND p_task_id IS NULL THEN
		v_stream := p_stream;
	END IF;
	IF v_number IS NOT NULL THEN
		SELECT stream INTO v_stream FROM mcp_call
			WHERE number = v_number;
	END IF;
	SELECT reader INTO v_reader FROM mcp_stream
		WHERE number = v_stream AND (v_opened <> 0
			OR (session = p_session AND is_open = 1));
	IF v_outcome = 0 AND v_opened = 0 AND v_stream <> 0
		AND v_reader IS NULL THEN
		v_outcome := 1;
	END IF;
	IF v_outcome = 0 AND v_wish IS NOT NULL THEN
		-- It serves once.
		DELETE FROM mcp_cancel
			WHERE session = p_session AND request_id = p_request_id;
	END IF;
	IF v_outcome = 0 AND v_opened = 0 THEN
		IF p_task_id IS NOT NULL THEN
			INSERT INTO mcp_task(id, principal, session, form,
				message, created, updated, ttl_ms)
				VALUES(p_task_id, p_task_principal,
				p_task_session, p_form, p_message, p_now,
				p_now, p_ttl_ms) RETURNING number INTO v_task;
		ELSIF p_session <> 0 AND p_stream = 0 THEN
			SELECT a.number INTO v_stream
				FROM mcp_stream_add(p_now, p_session, 1,
					p_owner) a;
			v_reader := 1;
		END IF;
		INSERT INTO mcp_call(session, principal, principal_name,
			request_id, digest, request, tool, stream, revision,
			transport, caps, task, is_repeatable, runs_max, owner,
			deadline, created, is_waiting)
			VALUES(p_session, p_principal, p_principal_name,
			p_request_id, p_digest, p_request, p_tool, v_stream,
			p_revision, p_transport, p_caps, v_task,
			p_is_repeatable, p_runs_max, p_owner, p_deadline,
			p_now, p_is_waiting) RETURNING number INTO v_made;
		IF v_task <> 0 THEN
			UPDATE mcp_task SET call_number = v_made
				WHERE number = v_task;
		END IF;
	END IF;
	IF v_outcome = 0 THEN
		PERFORM mcp_done_put(p_mark, p_now, 0,
			CASE WHEN v_made <> 0 THEN v_made
				ELSE coalesce(v_number, 0) END,
			v_opened + 8 * v_task, coalesce(v_reader, 0));
	END IF;
	RETURN QUERY SELECT v_outcome, v_opened, coalesce(v_reader, 0),
		v_made, v_task, CASE WHEN v_made <> 0 THEN v_stream ELSE 0 END,
		c.*
		FROM (SELECT 1) one LEFT JOIN mcp_call_row c
		ON c.number = v_number;
END $$;

-- ------------------------------------------------------------------ look

CREATE OR REPLACE FUNCTION mcp_call_get(p_call bigint)
RETURNS SETOF mcp_call_row LANGUAGE sql STABLE AS $$
	SELECT * FROM mcp_call_row WHERE number = p_call
$$;

CREATE OR REPLACE FUNCTION mcp_call_look(p_call bigint)
RETURNS TABLE(epoch bigint, is_cancelled integer, state integer, reader bigint,
	answers bigint)
LANGUAGE sql STABLE AS $$
	SELECT c.epoch, c.is_cancelled, c.state,
		coalesce((SELECT s.reader FROM mcp_stream s
			WHERE s.number = c.stream), 0),
		(SELECT count(*) FROM mcp_question q
			WHERE q.call_number = c.number AND q.state = 2)
		FROM mcp_call c WHERE c.number = p_call
$$;

-- Every filter looks at its own index, and then at each row.
CREATE OR REPLACE FUNCTION mcp_calls(p_after bigint, p_session bigint,
	p_owner bytea, p_host bytea, p_state bigint, p_limit bigint)
RETURNS SETOF mcp_call_row LANGUAGE plpgsql STABLE AS $$
DECLARE
	v_low bytea := p_host || '\x2e'::bytea;
	v_high bytea := p_host || '\x2f'::bytea;
BEGIN
	IF p_session <> 0 THEN
		RETURN QUERY SELECT * FROM mcp_call_row
			WHERE session = p_session AND session <> 0
			AND number > p_after
			AND (p_owner IS NULL OR owner = p_owner)
			AND (p_host IS NULL
				OR (owner >= v_low AND owner < v_high))
			AND (p_state = 0 OR state = p_state)
			ORDER BY number LIMIT p_limit;
	ELSIF p_state = 1 AND p_owner IS NOT NULL THEN
		RETURN QUERY SELECT * FROM mcp_call_row
			WHERE state = 1 AND owner = p_owner AND number > p_after
			AND (p_host IS NULL
				OR (owner >= v_low AND owner < v_high))
			ORDER BY number LIMIT p_limit;
	ELSIF p_state = 1 AND p_host IS NOT NULL THEN
		RETURN QUERY SELECT * FROM mcp_call_row
			WHERE state = 1 AND owner >= v_low AND owner < v_high
			AND number > p_after ORDER BY number LIMIT p_limit;
	ELSIF p_state = 1 THEN
		RETURN QUERY SELECT * FROM mcp_call_row
			WHERE state = 1 AND number > p_after
			ORDER BY number LIMIT p_limit;
	ELSE
		RETURN QUERY SELECT * FROM mcp_call_row
			WHERE number > p_after
			AND (p_owner IS NULL OR owner = p_owner)
			AND (p_host IS NULL
				OR (owner >= v_low AND owner < v_high))
			AND (p_state = 0 OR state = p_state)
			ORDER BY number LIMIT p_limit;
	END IF;
END $$;

-- ---------------------------------------------------------- run and end

CREATE OR REPLACE FUNCTION mcp_call_group(p_call bigint, p_epoch bigint,
	p_group bigint, p_start bigint)
RETURNS TABLE(outcome integer) LANGUAGE plpgsql AS $$
BEGIN
	UPDATE mcp_call SET pgroup = p_group, pgroup_start = p_start
		WHERE number = p_call AND epoch = p_epoch AND state = 1;
	outcome := CASE WHEN FOUND THEN 0 ELSE 2 END;
	RETURN NEXT;
END $$;

CREATE OR REPLACE FUNCTION mcp_call_claim(p_mark bytea, p_now bigint,
	p_call bigint, p_epoch bigint, p_owner bytea)
RETURNS SETOF mcp_call_answer LANGUAGE plpgsql AS $$
DECLARE
	v_outcome integer := 0;
	v_session bigint;
	v_stream bigint;
	v_epoch bigint;
	v_state integer;
BEGIN
	SELECT session, stream, epoch, state
		INTO v_session, v_stream, v_epoch, v_state
		FROM mcp_call WHERE number = p_call FOR UPDATE;
	IF NOT FOUND THEN
		v_outcome := 1;
	ELSIF v_epoch <> p_epoch OR v_state <> 1 THEN
		v_outcome := 2;
	ELSE
		UPDATE mcp_call SET owner = p_owner, epoch = epoch + 1,
			runs = runs + (owner <> p_owner)::integer
			WHERE number = p_call;
		PERFORM mcp_notice(p_now, v_session, v_stream, 4, p_call);
		PERFORM mcp_done_put(p_mark, p_now, 0, p_call, p_epoch + 1, 0);
	END IF;
	RETURN QUERY SELECT v_outcome, 0, 0::bigint, 0::bigint, 0::bigint,
		0::bigint, c.*
		FROM (SELECT 1) one LEFT JOIN mcp_call_row c
		ON c.number = p_call AND v_outcome = 0;
END $$;

-- Nobody may be left to hear the response: the session ended, or the store was
-- renewed and closed the stream.
CREATE OR REPLACE FUNCTION mcp_call_finish(p_mark bytea, p_now bigint,
	p_call bigint, p_epoch bigint, p_data bytea, p_task_state bigint,
	p_task_result bytea, p_task_is_error bigint, p_task_message bytea)
RETURNS TABLE(outcome integer, seq bigint, reader bigint)
LANGUAGE plpgsql AS $$
DECLARE
	v_session bigint;
	v_stream bigint;
	v_task bigint;
	v_kind integer;
	v_gone integer := 0;
BEGIN
	outcome := 2;
	seq := 0;
	reader := 0;
	SELECT c.session, c.stream, c.task INTO v_session, v_stream, v_task
		FROM mcp_call c WHERE c.number = p_call AND c.epoch = p_epoch
		AND c.state = 1 FOR UPDATE;
	IF NOT FOUND THEN
		RETURN NEXT;
		RETURN;
	END IF;
	UPDATE mcp_call SET state = 2, is_waiting = 0, ended = p_now
		WHERE number = p_call;
	UPDATE mcp_question SET state = 3
		WHERE call_number = p_call AND state = 1;
	IF v_task <> 0 THEN
		-- One that was cancelled stays so.
		UPDATE mcp_task SET state = p_task_state, updated = p_now,
			result = p_task_result, is_error = p_task_is_error,
			message = p_task_message
			WHERE number = v_task AND state <= 2;
		IF NOT FOUND THEN
			v_task := 0;
		END IF;
	END IF;
	SELECT s.kind INTO v_kind FROM mcp_stream s WHERE s.number = v_stream;
	IF v_kind IS NOT NULL AND p_data IS NOT NULL THEN
		SELECT e.outcome, coalesce(e.seq, 0), coalesce(e.reader, 0)
			INTO v_gone, seq, reader
			FROM mcp_event_add(p_now, v_session, v_stream, 0, p_data,
				0, 0) e;
	END IF;
	IF v_kind = 1 AND v_gone = 0 THEN
		PERFORM mcp_stream_close(p_now, v_stream);
	END IF;
	PERFORM mcp_call_notice(p_now, v_session, v_stream, 4, p_call, v_task);
	PERFORM mcp_done_put(p_mark, p_now, 0, seq, reader, 0);
	outcome := 0;
	RETURN NEXT;
END $$;

-- ---------------------------------------------------------------- cancel

-- Under the lock of the session, so that no call can come in between and miss
-- the wish.  A session that is over gets none: to it no call will come.
CREATE OR REPLACE FUNCTION mcp_call_cancel(p_now bigint, p_session bigint,
	p_request_id bytea)
RETURNS TABLE(outcome integer, call_number bigint) LANGUAGE plpgsql AS $$
DECLARE
	v_state integer;
	v_number bigint;
	v_task bigint;
BEGIN
	outcome := 0;
	call_number := 0;
	SELECT s.state INTO v_state FROM mcp_session s
		WHERE s.id = p_session FOR UPDATE;
	SELECT c.number INTO v_number FROM mcp_call c
		WHERE c.session = p_session AND c.session <> 0
		AND c.request_id = p_request_id
		AND c.state = 1 ORDER BY c.number DESC LIMIT 1;
	SELECT c.task INTO v_task FROM mcp_call c
		WHERE c.number = v_number AND c.state = 1 FOR UPDATE;
	IF v_task = 0 THEN
		call_number := v_number;
		PERFORM mcp_call_cancelled(p_now, v_number, 1);
	ELSIF v_task IS NULL AND v_state = 1 THEN
		INSERT INTO mcp_cancel(session, request_id, at)
			VALUES(p_session, p_request_id, mcp_cancel_clock(p_now))
			ON CONFLICT(session, request_id)
			DO UPDATE SET at = excluded.at;
	END IF;
	RETURN NEXT;
END $$;

CREATE OR REPLACE FUNCTION mcp_call_stop(p_now bigint, p_call bigint)
RETURNS TABLE(outcome integer) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM 1 FROM mcp_call WHERE number = p_call AND state = 1 FOR UPDATE;
	outcome := CASE WHEN FOUND THEN 0 ELSE 1 END;
	IF outcome = 0 THEN
		PERFORM mcp_call_cancelled(p_now, p_call, 2);
	END IF;
	RETURN NEXT;
END $$;

-- ------------------------------------------------------------- questions

-- p_questions: of each its stream, rpc_id, key, method, params, deadline and
-- message; p_streams: all that are named, each once, ascending; p_count, and
-- so many of these.
CREATE OR REPLACE FUNCTION mcp_question_put(p_mark bytea, p_now bigint,
	p_session bigint, p_call bigint, p_epoch bigint, p_waiting_max bigint,
	p_count bigint, p_questions bytea, p_streams_count bigint,
	p_streams bytea)
RETURNS TABLE(outcome integer, seq bigint, reader bigint)
LANGUAGE plpgsql AS $$
DECLARE
	v_is_live boolean := p_session = 0;
	v_session bigint;
	v_stream bigint;
	v_task bigint;
	v_owner bytea;
	v_is_waiting integer;
	v_at integer := 0;
	v_field bytea;
	v_f bytea[];
BEGIN
	seq := 0;
	reader := 0;
	IF NOT v_is_live THEN
		PERFORM 1 FROM mcp_session s
			WHERE s.id = p_session AND s.state = 1 FOR SHARE;
		v_is_live := FOUND;
	END IF;
	SELECT c.session, c.stream, c.task, c.owner, c.is_waiting
		INTO v_session, v_stream, v_task, v_owner, v_is_waiting
		FROM mcp_call c WHERE c.number = p_call AND c.epoch = p_epoch
		AND c.state = 1 FOR UPDATE;
	outcome := CASE WHEN NOT FOUND THEN 2
		WHEN v_session <> p_session THEN 4
		WHEN NOT v_is_live THEN 1
		WHEN v_is_waiting = 0
			AND mcp_host_is_full(v_owner, 1, p_waiting_max) THEN 3
		ELSE 0 END;
	PERFORM 1 FROM mcp_task t WHERE t.number = v_task FOR UPDATE;
	FOR v_i IN 1 .. p_streams_count LOOP
		SELECT u.v_at, u.v_field INTO v_at, v_field
			FROM mcp_unpack(p_streams, v_at) u;
		PERFORM 1 FROM mcp_stream s
			WHERE s.number = encode(v_field, 'escape')::bigint
			AND s.session = p_session AND s.is_open = 1 FOR UPDATE;
		IF NOT FOUND AND outcome = 0 THEN
			outcome := 1;
		END IF;
	END LOOP;
	IF outcome <> 0 THEN
		RETURN NEXT;
		RETURN;
	END IF;
	v_task := mcp_call_wait(p_now, p_call, v_task, 1);
	v_at := 0;
	FOR v_i IN 1 .. p_count LOOP
		FOR v_k IN 1 .. 7 LOOP
			SELECT u.v_at, u.v_field INTO v_at, v_field
				FROM mcp_unpack(p_questions, v_at) u;
			v_f[v_k] := v_field;
		END LOOP;
		v_stream := encode(v_f[1], 'escape');
		INSERT INTO mcp_question(call_number, session, stream, rpc_id,
			ask_key, method, params, deadline)
			VALUES(p_call, p_session, v_stream, v_f[2], v_f[3],
			v_f[4], v_f[5], encode(v_f[6], 'escape')::bigint);
		IF v_stream <> 0 THEN
			SELECT e.seq, e.reader INTO seq, reader
				FROM mcp_event_add(p_now, p_session, v_stream,
					0, v_f[7], 0, 0) e;
		END IF;
	END LOOP;
	SELECT c.stream INTO v_stream FROM mcp_call c WHERE c.number = p_call;
	PERFORM mcp_call_notice(p_now, p_session, v_stream, 0, p_call, v_task);
	PERFORM mcp_done_put(p_mark, p_now, 0, seq, reader, 0);
	RETURN NEXT;
END $$;

-- The open question that is meant, by session and rpc_id or by call and key;
-- only one that was sent nowhere.  The row of its call is locked first, and
-- what was found before that looked at again.  Of a key the newest: a tool that
-- is run again may ask again.
CREATE OR REPLACE FUNCTION mcp_question_find(p_session bigint, p_rpc_id bytea,
	p_call bigint, p_key bytea, p_unsent boolean, OUT v_id bigint,
	OUT v_call bigint, OUT v_session bigint, OUT v_stream bigint,
	OUT v_task bigint)
LANGUAGE plpgsql AS $$
BEGIN
	IF p_rpc_id IS NULL THEN
		v_call := p_call;
	ELSE
		SELECT call_number INTO v_call FROM mcp_question
			WHERE session = p_session AND rpc_id = p_rpc_id
			AND state = 1 AND (stream = 0 OR NOT p_unsent)
			ORDER BY id DESC LIMIT 1;
	END IF;
	SELECT session, stream, task INTO v_session, v_stream, v_task
		FROM mcp_call WHERE number = v_call FOR UPDATE;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	IF p_rpc_id IS NULL THEN
		SELECT id INTO v_id FROM mcp_question
			WHERE call_number = v_call AND ask_key = p_key
			AND state = 1 AND (stream = 0 OR NOT p_unsent)
			ORDER BY id DESC LIMIT 1 FOR UPDATE;
	ELSE
		SELECT id INTO v_id FROM mcp_question
			WHERE session = p_session AND rpc_id = p_rpc_id
			AND call_number = v_call
			AND state = 1 AND (stream = 0 OR NOT p_unsent)
			ORDER BY id DESC LIMIT 1 FOR UPDATE;
	END IF;
END $$;

CREATE OR REPLACE FUNCTION mcp_question_answer(p_mark bytea, p_now bigint,
	p_session bigint, p_rpc_id bytea, p_call bigint, p_key bytea,
	p_answer bytea, p_is_error bigint)
RETURNS TABLE(outcome integer) LANGUAGE plpgsql AS $$
DECLARE
	v_q record;
	v_task bigint := 0;
BEGIN
	SELECT * INTO v_q FROM mcp_question_find(p_session, p_rpc_id, p_call,
		p_key, false);
	outcome := CASE WHEN v_q.v_id IS NULL THEN 1 ELSE 0 END;
	IF outcome = 0 THEN
		UPDATE mcp_question SET state = 2, answer = p_answer,
			is_error = p_is_error WHERE id = v_q.v_id;
		-- The last answer lets the call go on.
		IF NOT EXISTS(SELECT 1 FROM mcp_question
			WHERE call_number = v_q.v_call AND state = 1) THEN
			v_task := mcp_call_wait(p_now, v_q.v_call, v_q.v_task,
				0);
		END IF;
		PERFORM mcp_call_notice(p_now, v_q.v_session, v_q.v_stream, 5,
			v_q.v_call, v_task);
		PERFORM mcp_done_put(p_mark, p_now, 0, v_q.v_call, 0, 0);
	END IF;
	RETURN NEXT;
END $$;

CREATE OR REPLACE FUNCTION mcp_questions(p_call bigint)
RETURNS SETOF mcp_question_row LANGUAGE sql STABLE AS $$
	SELECT * FROM mcp_question_row WHERE call_number = p_call ORDER BY id
$$;

CREATE OR REPLACE FUNCTION mcp_questions_close(p_now bigint, p_call bigint,
	p_epoch bigint)
RETURNS TABLE(outcome integer) LANGUAGE plpgsql AS $$
DECLARE
	v_session bigint;
	v_stream bigint;
	v_task bigint;
BEGIN
	SELECT c.session, c.stream, c.task INTO v_session, v_stream, v_task
		FROM mcp_call c WHERE c.number = p_call AND c.epoch = p_epoch
		AND c.state = 1 FOR UPDATE;
	outcome := CASE WHEN FOUND THEN 0 ELSE 2 END;
	IF outcome = 0 THEN
		UPDATE mcp_question SET state = 3
			WHERE call_number = p_call AND state = 1;
		v_task := mcp_call_wait(p_now, p_call, v_task, 0);
		PERFORM mcp_call_notice(p_now, v_session, v_stream, 0, p_call,
			v_task);
	END IF;
	RETURN NEXT;
END $$;

CREATE OR REPLACE FUNCTION mcp_question_send(p_mark bytea, p_now bigint,
	p_session bigint, p_rpc_id bytea, p_call bigint, p_key bytea,
	p_stream bigint, p_data bytea)
RETURNS TABLE(outcome integer, seq bigint, reader bigint)
LANGUAGE plpgsql AS $$
DECLARE
	v_q record;
BEGIN
	seq := 0;
	reader := 0;
	SELECT * INTO v_q FROM mcp_question_find(p_session, p_rpc_id, p_call,
		p_key, true);
	IF v_q.v_id IS NULL THEN
		outcome := 2;
		RETURN NEXT;
		RETURN;
	END IF;
	PERFORM 1 FROM mcp_stream s WHERE s.number = p_stream
		AND s.session = v_q.v_session AND s.is_open = 1 FOR UPDATE;
	outcome := CASE WHEN FOUND THEN 0 ELSE 1 END;
	IF outcome = 0 THEN
		UPDATE mcp_question SET stream = p_stream WHERE id = v_q.v_id;
		SELECT e.seq, e.reader INTO seq, reader
			FROM mcp_event_add(p_now, v_q.v_session, p_stream,
				0, p_data, 0, 0) e;
		PERFORM mcp_done_put(p_mark, p_now, 0, seq, reader, 0);
	END IF;
	RETURN NEXT;
END $$;

-- Somebody else may ask them now: whoever waits for one of their tasks.
CREATE OR REPLACE FUNCTION mcp_questions_return(p_now bigint, p_stream bigint)
RETURNS TABLE(outcome integer) LANGUAGE plpgsql AS $$
DECLARE
	v_calls bigint[];
	v_c record;
BEGIN
	v_calls := ARRAY(SELECT DISTINCT q.call_number FROM mcp_question q
		WHERE q.stream = p_stream AND q.state = 1);
	PERFORM 1 FROM mcp_call WHERE number = ANY(v_calls)
		ORDER BY number FOR UPDATE;
	v_calls := ARRAY(SELECT DISTINCT q.call_number FROM mcp_question q
		WHERE q.stream = p_stream AND q.state = 1
		AND q.call_number = ANY(v_calls));
	UPDATE mcp_question SET stream = 0 WHERE stream = p_stream
		AND state = 1 AND call_number = ANY(v_calls);
	FOR v_c IN SELECT session, stream, number, task FROM mcp_call
		WHERE number = ANY(v_calls) AND task <> 0
		ORDER BY (CASE session WHEN 0 THEN task ELSE session END)
			% 256, number LOOP
		PERFORM mcp_notice(p_now, v_c.session, v_c.stream, 6,
			v_c.task);
	END LOOP;
	outcome := 0;
	RETURN NEXT;
END $$;

-- ----------------------------------------------------------------- tasks

CREATE OR REPLACE FUNCTION mcp_task_get(p_id bytea, p_principal bytea)
RETURNS SETOF mcp_task_row LANGUAGE sql STABLE AS $$
	SELECT * FROM mcp_task_row
		WHERE id = p_id AND principal = p_principal
$$;

CREATE OR REPLACE FUNCTION mcp_task_find(p_task bigint)
RETURNS SETOF mcp_task_row LANGUAGE sql STABLE AS $$
	SELECT * FROM mcp_task_row WHERE number = p_task
$$;

-- With outcome 2 the row says how it had ended.
CREATE OR REPLACE FUNCTION mcp_task_cancel(p_mark bytea, p_now bigint,
	p_task bigint)
RETURNS SETOF mcp_task_answer LANGUAGE plpgsql AS $$
DECLARE
	v_outcome integer := 0;
	v_call bigint;
	v_state integer;
	v_session bigint := 0;
	v_stream bigint := 0;
	v_kind integer := 0;
BEGIN
	SELECT call_number INTO v_call FROM mcp_task WHERE number = p_task;
	SELECT session, stream,
		CASE WHEN state = 1 AND is_cancelled = 0 THEN 4 ELSE 0 END
		INTO v_session, v_stream, v_kind
		FROM mcp_call WHERE number = v_call FOR UPDATE;
	SELECT state INTO v_state FROM mcp_task WHERE number = p_task
		FOR UPDATE;
	IF NOT FOUND THEN
		v_outcome := 1;
	ELSIF v_state > 2 THEN
		v_outcome := 2;
	ELSE
		UPDATE mcp_task SET state = 5, updated = p_now
			WHERE number = p_task;
		UPDATE mcp_call SET is_cancelled = 1 WHERE number = v_call
			AND v_kind = 4;
		PERFORM mcp_call_notice(p_now, coalesce(v_session, 0),
			coalesce(v_stream, 0), coalesce(v_kind, 0), v_call,
			p_task);
		PERFORM mcp_done_put(p_mark, p_now, 0, p_task, 0, 0);
	END IF;
	RETURN QUERY SELECT v_outcome, t.*
		FROM (SELECT 1) one LEFT JOIN mcp_task_row t
		ON t.number = p_task;
END $$;

CREATE OR REPLACE FUNCTION mcp_tasks(p_principal bytea, p_after bigint,
	p_session bigint, p_form bigint, p_limit bigint)
RETURNS SETOF mcp_task_row LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF p_principal IS NULL THEN
		RETURN QUERY SELECT * FROM mcp_task_row
			WHERE number > p_after
			AND (p_session = 0 OR session = p_session)
			AND (p_form = 0 OR form = p_form)
			ORDER BY number LIMIT p_limit;
	ELSE
		RETURN QUERY SELECT * FROM mcp_task_row
			WHERE principal = p_principal AND number > p_after
			AND (p_session = 0 OR session = p_session)
			AND (p_form = 0 OR form = p_form)
			ORDER BY number LIMIT p_limit;
	END IF;
END $$;
