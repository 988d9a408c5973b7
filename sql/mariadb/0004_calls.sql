-- Calls that take longer than their request, what they ask, and tasks.
--
-- Who changes a call, its questions or its task has locked the row of the call,
-- and is fenced by what it finds there then: of two who claim, finish, answer
-- or cancel at once the second sees what the first has left.  Calls of a
-- session are opened under the lock of its row, so that of two who bring the
-- same request one opens and the other joins.  Limits are counted without a
-- lock: they may be passed by as many calls as are opened at the same moment.
-- What an update finds unchanged it does not count: so nothing is decided by
-- ROW_COUNT() here, but by what was read under the lock.

-- The columns of a call and of a task as the program reads them, by their
-- place.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW mcp_call_row AS SELECT
	number, session, principal, principal_name, request_id, digest, request, tool, stream, revision,
	transport, caps, task, is_repeatable, runs_max, owner, epoch, runs,
	pgroup, pgroup_start, is_cancelled, is_waiting, state, created,
	deadline, ended FROM mcp_call;

CREATE OR REPLACE SQL SECURITY INVOKER VIEW mcp_task_row AS SELECT
	number, id, principal, session, form, call_number, state, message, result, is_error, created, updated,
	ttl_ms FROM mcp_task;

CREATE OR REPLACE SQL SECURITY INVOKER VIEW mcp_question_row AS SELECT
	rpc_id, ask_key, method, params, call_number, session, stream, state, is_error, answer, deadline,
	id FROM mcp_question;

-- ------------------------------------------------- parts of other routines

-- Are so many calls of the owner's host running already?  A host's owners lie
-- between `<host>.` and `<host>/`.  (Procedures, since not everybody may make
-- functions where there is a binary log.)
CREATE OR REPLACE PROCEDURE mcp_host_is_full(IN p_owner VARBINARY(320),
	IN p_is_waiting bigint, IN p_max bigint, OUT p_is_full integer)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_dot integer DEFAULT LOCATE('.', REVERSE(p_owner));
	DECLARE v_host VARBINARY(320) DEFAULT
		LEFT(p_owner, LENGTH(p_owner) - v_dot);
	DECLARE v_low VARBINARY(321) DEFAULT CONCAT(v_host, '.');
	DECLARE v_high VARBINARY(321) DEFAULT CONCAT(v_host, '/');
	DECLARE v_n bigint DEFAULT 0;

	IF p_max > 0 THEN
		SELECT COUNT(*) INTO v_n FROM (SELECT 1 FROM mcp_call
			WHERE state = 1 AND is_waiting = p_is_waiting
			AND owner >= v_low AND owner < v_high LIMIT p_max) n;
	END IF;
	SET p_is_full = p_max > 0 AND v_n >= p_max;
END;

CREATE OR REPLACE PROCEDURE mcp_principal_is_full(IN p_principal BINARY(16),
	IN p_max bigint, OUT p_is_full integer)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_n bigint DEFAULT 0;

	IF p_max > 0 THEN
		SELECT COUNT(*) INTO v_n FROM (SELECT 1 FROM mcp_call
			WHERE state = 1 AND is_waiting = 0
			AND principal = p_principal LIMIT p_max) n;
	END IF;
	SET p_is_full = p_max > 0 AND v_n >= p_max;
END;

-- What time it is for a wish to cancel.  It is left by one host and taken by
-- another, whose clocks may differ by minutes, while it is to live for seconds.
-- So its age is measured by a clock that both see: that of the host which is
-- furthest ahead, as it was at its last beat, at most about a second ago.  A
-- host more than ten minutes ahead has no clock.  If nobody beats, by one's own.
CREATE OR REPLACE PROCEDURE mcp_cancel_clock(IN p_now bigint,
	OUT p_clock bigint)
	SQL SECURITY INVOKER
BEGIN
	SELECT MAX(at) INTO p_clock FROM mcp_host WHERE at <= p_now + 600000;
	SET p_clock = GREATEST(p_now, COALESCE(p_clock, p_now));
END;

-- Tell of a call (kind 0: nothing) and of its task (0: nothing).  Of those
-- without a session they may be in two shards.
CREATE OR REPLACE PROCEDURE mcp_call_notice(IN p_now bigint,
	IN p_session bigint, IN p_stream bigint, IN p_kind integer,
	IN p_call bigint, IN p_task bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_ver bigint;

	IF p_session = 0 AND p_kind <> 0 AND p_task <> 0 THEN
		SELECT ver INTO v_ver FROM mcp_chg
			WHERE shard = LEAST(p_call % 256, p_task % 256)
			FOR UPDATE;
	END IF;
	IF p_task <> 0 THEN
		CALL mcp_notice(p_now, p_session, p_stream, 6, p_task);
	END IF;
	IF p_kind <> 0 THEN
		CALL mcp_notice(p_now, p_session, p_stream, p_kind, p_call);
	END IF;
END;

-- The next field of a list: ten digits that say its length, then its bytes; or
-- ten hyphens for none.
CREATE OR REPLACE PROCEDURE mcp_unpack(IN p_list LONGBLOB, INOUT p_at bigint,
	OUT p_field LONGBLOB)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_length bigint;

	SET p_field = NULL;
	IF SUBSTRING(p_list, p_at + 1, 1) <> '-' THEN
		SET v_length = CAST(SUBSTRING(p_list, p_at + 1, 10) AS SIGNED);
		SET p_field = SUBSTRING(p_list, p_at + 11, v_length);
		SET p_at = p_at + v_length;
	END IF;
	SET p_at = p_at + 10;
END;

-- The call waits, or goes on, and its task with it; p_told is 0 if that did not
-- change, or else its task, of which somebody has to tell.
CREATE OR REPLACE PROCEDURE mcp_call_wait(IN p_now bigint, IN p_call bigint,
	IN p_task bigint, IN p_is_waiting integer, OUT p_told bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_state integer;

	SET p_told = 0;
	UPDATE mcp_call SET is_waiting = p_is_waiting WHERE number = p_call;
	IF p_task <> 0 THEN
		SELECT state INTO v_state FROM mcp_task
			WHERE number = p_task FOR UPDATE;
	END IF;
	IF v_state = 2 - p_is_waiting THEN
		UPDATE mcp_task SET state = 1 + p_is_waiting, updated = p_now
			WHERE number = p_task;
		SET p_told = p_task;
	END IF;
END;

-- Cancel a call whose row is locked: 1 by its client, 2 by an operator.
CREATE OR REPLACE PROCEDURE mcp_call_cancelled(IN p_now bigint,
	IN p_call bigint, IN p_by integer)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_session bigint;
	DECLARE v_stream bigint;

	SELECT session, stream INTO v_session, v_stream FROM mcp_call
		WHERE number = p_call AND state = 1 AND is_cancelled = 0
		FOR UPDATE;
	IF v_session IS NOT NULL THEN
		UPDATE mcp_call SET is_cancelled = p_by WHERE number = p_call;
		CALL mcp_notice(p_now, v_session, v_stream, 4, p_call);
	END IF;
END;

-- ----------------------------------------------------------------- begin

-- What becomes of a request: see enum call_opened (0 new, 1 joined, 2 other,
-- 3 cancelled, 4 no room).  Locks its session and changes nothing.
CREATE OR REPLACE PROCEDURE mcp_call_meet(IN p_now bigint, IN p_session bigint,
	IN p_principal BINARY(16), IN p_request_id VARBINARY(2048),
	IN p_digest BINARY(16), IN p_owner VARBINARY(320),
	IN p_is_waiting bigint, IN p_host_max bigint, IN p_principal_max bigint,
	OUT p_outcome integer, OUT p_opened integer, OUT p_number bigint,
	OUT p_wish bigint)
	SQL SECURITY INVOKER
meet: BEGIN
	DECLARE v_state integer;
	DECLARE v_digest BINARY(16);
	DECLARE v_clock bigint;
	DECLARE v_host integer;
	DECLARE v_principal integer;

	SET p_outcome = 0;
	SET p_opened = 0;
	IF p_session <> 0 THEN
		SELECT state INTO v_state FROM mcp_session
			WHERE id = p_session FOR UPDATE;
		IF NOT v_state <=> 1 THEN
			SET p_outcome = 1;
			LEAVE meet;
		END IF;
	END IF;
	IF p_session <> 0 AND p_request_id IS NOT NULL THEN
		SELECT number, digest INTO p_number, v_digest FROM mcp_call
			WHERE session = p_session AND request_id = p_request_id
			AND state = 1 ORDER BY number DESC LIMIT 1;
		IF p_number IS NULL THEN
			-- Its response was not taken to the end.
			SELECT c.number, c.digest INTO p_number, v_digest
				FROM mcp_call c
				JOIN mcp_stream s ON s.number = c.stream
				WHERE c.session = p_session
				AND c.request_id = p_request_id
				AND c.state = 2 AND c.digest = p_digest
				AND s.sent < s.head
				AND s.incarnation = (SELECT v FROM mcp_meta
					WHERE k = 'incarnation')
				ORDER BY c.number DESC LIMIT 1;
		END IF;
		IF p_number IS NOT NULL THEN
			SET p_opened = IF(v_digest = p_digest, 1, 2);
			LEAVE meet;
		END IF;
		SELECT at INTO p_wish FROM mcp_cancel
			WHERE session = p_session AND request_id = p_request_id;
		IF p_wish IS NOT NULL THEN
			CALL mcp_cancel_clock(p_now, v_clock);
		END IF;
		IF p_wish > v_clock - 10000 THEN
			SET p_opened = 3;
			LEAVE meet;
		END IF;
	END IF;
	CALL mcp_host_is_full(p_owner, p_is_waiting, p_host_max, v_host);
	CALL mcp_principal_is_full(p_principal, p_principal_max, v_principal);
	SET p_opened = IF(v_host OR v_principal, 4, 0);
END;

-- Opens a task, too, if it has an id; then `made_task` is its number, and there
-- is no stream.
CREATE OR REPLACE PROCEDURE mcp_call_open(IN p_mark BINARY(16), IN p_now bigint,
	IN p_session bigint, IN p_principal BINARY(16),
	IN p_principal_name LONGBLOB, IN p_request_id VARBINARY(2048),
	IN p_digest BINARY(16), IN p_request LONGBLOB, IN p_tool LONGBLOB,
	IN p_stream bigint, IN p_revision VARBINARY(64), IN p_transport bigint,
	IN p_caps bigint, IN p_is_repeatable bigint, IN p_runs_max bigint,
	IN p_owner VARBINARY(320), IN p_deadline bigint, IN p_is_waiting bigint,
	IN p_host_max bigint, IN p_principal_max bigint,
	IN p_task_id BINARY(16), IN p_task_principal BINARY(16),
	IN p_task_session bigint, IN p_form bigint, IN p_message LONGBLOB,
	IN p_ttl_ms bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_outcome integer;
	DECLARE v_opened integer;
	DECLARE v_number bigint;
	DECLARE v_wish bigint;
	DECLARE v_stream bigint DEFAULT 0;
	DECLARE v_incarnation bigint;
	DECLARE v_reader bigint;
	DECLARE v_made bigint DEFAULT 0;
	DECLARE v_task bigint DEFAULT 0;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	START TRANSACTION;
	CALL mcp_call_meet(p_now, p_session, p_principal, p_request_id,
		p_digest, p_owner, p_is_waiting, p_host_max, p_principal_max,
		v_outcome, v_opened, v_number, v_wish);
	IF p_session <> 0 AND p_task_id IS NULL THEN
		SET v_stream = p_stream;
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
		SET v_outcome = 1;
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
				p_now, p_ttl_ms);
			SET v_task = LAST_INSERT_ID();
		ELSEIF p_session <> 0 AND p_stream = 0 THEN
			CALL mcp_stream_add(p_now, p_session, 1, p_owner,
				v_stream, v_incarnation);
			SET v_reader = 1;
		END IF;
		INSERT INTO mcp_call(session, principal, principal_name,
			request_id, digest, request, tool, stream, revision,
			transport, caps, task, is_repeatable, runs_max, owner,
			deadline, created, is_waiting)
			VALUES(p_session, p_principal, p_principal_name,
			p_request_id, p_digest, p_request, p_tool, v_stream,
			p_revision, p_transport, p_caps, v_task,
			p_is_repeatable, p_runs_max, p_owner, p_deadline,
			p_now, p_is_waiting);
		SET v_made = LAST_INSERT_ID();
		IF v_task <> 0 THEN
			UPDATE mcp_task SET call_number = v_made
				WHERE number = v_task;
		END IF;
	END IF;
	IF v_outcome = 0 THEN
		CALL mcp_done_put(p_mark, p_now, 0,
			IF(v_made <> 0, v_made, COALESCE(v_number, 0)),
			v_opened + 8 * v_task, COALESCE(v_reader, 0));
	END IF;
	COMMIT;
	SELECT v_outcome AS outcome, v_opened AS opened,
		COALESCE(v_reader, 0) AS reader, v_made AS made,
		v_task AS made_task,
		IF(v_made <> 0, v_stream, 0) AS made_stream, c.*
		FROM (SELECT 1 AS one) o LEFT JOIN mcp_call_row c
		ON c.number = v_number;
END;

-- ------------------------------------------------------------------ look

CREATE OR REPLACE PROCEDURE mcp_call_get(IN p_call bigint)
	SQL SECURITY INVOKER
BEGIN
	SELECT * FROM mcp_call_row WHERE number = p_call;
END;

CREATE OR REPLACE PROCEDURE mcp_call_look(IN p_call bigint)
	SQL SECURITY INVOKER
BEGIN
	SELECT c.epoch, c.is_cancelled, c.state,
		COALESCE((SELECT s.reader FROM mcp_stream s
			WHERE s.number = c.stream), 0) AS reader,
		(SELECT COUNT(*) FROM mcp_question q
			WHERE q.call_number = c.number AND q.state = 2)
			AS answers
		FROM mcp_call c WHERE c.number = p_call;
END;

-- Every filter looks at its own index, and then at each row.
CREATE OR REPLACE PROCEDURE mcp_calls(IN p_after bigint, IN p_session bigint,
	IN p_owner VARBINARY(320), IN p_host VARBINARY(320), IN p_state bigint,
	IN p_limit bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_low VARBINARY(321) DEFAULT CONCAT(p_host, '.');
	DECLARE v_high VARBINARY(321) DEFAULT CONCAT(p_host, '/');

	IF p_session <> 0 THEN
		SELECT * FROM mcp_call_row
			WHERE session = p_session AND session <> 0
			AND number > p_after
			AND (p_owner IS NULL OR owner = p_owner)
			AND (p_host IS NULL
				OR (owner >= v_low AND owner < v_high))
			AND (p_state = 0 OR state = p_state)
			ORDER BY number LIMIT p_limit;
	ELSEIF p_state = 1 AND p_owner IS NOT NULL THEN
		SELECT * FROM mcp_call_row
			WHERE state = 1 AND owner = p_owner AND number > p_after
			AND (p_host IS NULL
				OR (owner >= v_low AND owner < v_high))
			ORDER BY number LIMIT p_limit;
	ELSEIF p_state = 1 AND p_host IS NOT NULL THEN
		SELECT * FROM mcp_call_row
			WHERE state = 1 AND owner >= v_low AND owner < v_high
			AND number > p_after ORDER BY number LIMIT p_limit;
	ELSEIF p_state = 1 THEN
		SELECT * FROM mcp_call_row
			WHERE state = 1 AND number > p_after
			ORDER BY number LIMIT p_limit;
	ELSE
		SELECT * FROM mcp_call_row
			WHERE number > p_after
			AND (p_owner IS NULL OR owner = p_owner)
			AND (p_host IS NULL
				OR (owner >= v_low AND owner < v_high))
			AND (p_state = 0 OR state = p_state)
			ORDER BY number LIMIT p_limit;
	END IF;
END;

-- ---------------------------------------------------------- run and end

-- Lock a running call of that epoch; p_outcome is 2 if it is not that.
CREATE OR REPLACE PROCEDURE mcp_call_fence(IN p_call bigint, IN p_epoch bigint,
	OUT p_outcome integer, OUT p_session bigint, OUT p_stream bigint,
	OUT p_task bigint)
	SQL SECURITY INVOKER
BEGIN
	SELECT session, stream, task INTO p_session, p_stream, p_task
		FROM mcp_call WHERE number = p_call AND epoch = p_epoch
		AND state = 1 FOR UPDATE;
	SET p_outcome = IF(p_session IS NULL, 2, 0);
END;

CREATE OR REPLACE PROCEDURE mcp_call_group(IN p_call bigint, IN p_epoch bigint,
	IN p_group bigint, IN p_start bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_outcome integer;
	DECLARE v_session bigint;
	DECLARE v_stream bigint;
	DECLARE v_task bigint;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	START TRANSACTION;
	CALL mcp_call_fence(p_call, p_epoch, v_outcome, v_session, v_stream,
		v_task);
	IF v_outcome = 0 THEN
		UPDATE mcp_call SET pgroup = p_group, pgroup_start = p_start
			WHERE number = p_call;
	END IF;
	COMMIT;
	SELECT v_outcome AS outcome;
END;

-- The row is read behind the commit: who has a higher epoch then has lost it
-- again.
CREATE OR REPLACE PROCEDURE mcp_call_claim(IN p_mark BINARY(16),
	IN p_now bigint, IN p_call bigint, IN p_epoch bigint,
	IN p_owner VARBINARY(320))
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_outcome integer DEFAULT 0;
	DECLARE v_session bigint;
	DECLARE v_stream bigint;
	DECLARE v_epoch bigint;
	DECLARE v_state integer;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	START TRANSACTION;
	SELECT session, stream, epoch, state
		INTO v_session, v_stream, v_epoch, v_state
		FROM mcp_call WHERE number = p_call FOR UPDATE;
	IF v_session IS NULL THEN
		SET v_outcome = 1;
	ELSEIF v_epoch <> p_epoch OR v_state <> 1 THEN
		SET v_outcome = 2;
	ELSE
		-- From left to right: the former owner is meant.
		UPDATE mcp_call SET runs = runs + (owner <> p_owner),
			owner = p_owner, epoch = epoch + 1
			WHERE number = p_call;
		CALL mcp_notice(p_now, v_session, v_stream, 4, p_call);
		CALL mcp_done_put(p_mark, p_now, 0, p_call, p_epoch + 1, 0);
	END IF;
	COMMIT;
	SELECT v_outcome AS outcome, 0 AS opened, 0 AS reader, 0 AS made,
		0 AS made_task, 0 AS made_stream, c.*
		FROM (SELECT 1 AS one) o LEFT JOIN mcp_call_row c
		ON c.number = p_call AND v_outcome = 0;
END;

-- Nobody may be left to hear the response: the session ended, or the store was
-- renewed and closed the stream.
CREATE OR REPLACE PROCEDURE mcp_call_finish(IN p_mark BINARY(16),
	IN p_now bigint, IN p_call bigint, IN p_epoch bigint,
	IN p_data LONGBLOB, IN p_task_state bigint, IN p_task_result LONGBLOB,
	IN p_task_is_error bigint, IN p_task_message LONGBLOB)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_outcome integer;
	DECLARE v_seq bigint DEFAULT 0;
	DECLARE v_reader bigint DEFAULT 0;
	DECLARE v_session bigint;
	DECLARE v_stream bigint;
	DECLARE v_task bigint;
	DECLARE v_state integer;
	DECLARE v_kind integer;
	DECLARE v_gone integer DEFAULT 0;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	START TRANSACTION;
	CALL mcp_call_fence(p_call, p_epoch, v_outcome, v_session, v_stream,
		v_task);
	IF v_outcome = 0 THEN
		UPDATE mcp_call SET state = 2, is_waiting = 0, ended = p_now
			WHERE number = p_call;
		UPDATE mcp_question SET state = 3
			WHERE call_number = p_call AND state = 1;
		IF v_task <> 0 THEN
			SELECT state INTO v_state FROM mcp_task
				WHERE number = v_task FOR UPDATE;
		END IF;
		IF v_state <= 2 THEN
			UPDATE mcp_task SET state = p_task_state,
				updated = p_now, result = p_task_result,
				is_error = p_task_is_error,
				message = p_task_message WHERE number = v_task;
		ELSE
			-- One that was cancelled stays so.
			SET v_task = 0;
		END IF;
		SELECT kind INTO v_kind FROM mcp_stream WHERE number = v_stream;
		IF v_kind IS NOT NULL AND p_data IS NOT NULL THEN
			CALL mcp_event_add(p_now, v_session, v_stream, 0,
				p_data, 0, 0, v_gone, v_seq, v_reader);
		END IF;
		IF v_kind = 1 AND v_gone = 0 THEN
			CALL mcp_stream_close(p_now, v_stream);
		END IF;
		SET v_seq = COALESCE(v_seq, 0);
		SET v_reader = COALESCE(v_reader, 0);
		CALL mcp_call_notice(p_now, v_session, v_stream, 4, p_call,
			v_task);
		CALL mcp_done_put(p_mark, p_now, 0, v_seq, v_reader, 0);
	END IF;
	COMMIT;
	SELECT v_outcome AS outcome, v_seq AS seq, v_reader AS reader;
END;

-- ---------------------------------------------------------------- cancel

-- Under the lock of the session, so that no call can come in between and miss
-- the wish.  A session that is over gets none: to it no call will come.
CREATE OR REPLACE PROCEDURE mcp_call_cancel(IN p_now bigint,
	IN p_session bigint, IN p_request_id VARBINARY(2048))
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_state integer;
	DECLARE v_number bigint;
	DECLARE v_task bigint;
	DECLARE v_call bigint DEFAULT 0;
	DECLARE v_clock bigint;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	START TRANSACTION;
	SELECT state INTO v_state FROM mcp_session
		WHERE id = p_session FOR UPDATE;
	SELECT number INTO v_number FROM mcp_call
		WHERE session = p_session AND request_id = p_request_id
		AND state = 1 ORDER BY number DESC LIMIT 1;
	SELECT task INTO v_task FROM mcp_call
		WHERE number = v_number AND state = 1 FOR UPDATE;
	IF v_task = 0 THEN
		SET v_call = v_number;
		CALL mcp_call_cancelled(p_now, v_number, 1);
	ELSEIF v_task IS NULL AND v_state = 1 THEN
		CALL mcp_cancel_clock(p_now, v_clock);
		INSERT INTO mcp_cancel(session, request_id, at)
			VALUES(p_session, p_request_id, v_clock)
			ON DUPLICATE KEY UPDATE at = v_clock;
	END IF;
	COMMIT;
	SELECT 0 AS outcome, v_call AS call_number;
END;

CREATE OR REPLACE PROCEDURE mcp_call_stop(IN p_now bigint, IN p_call bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_state integer;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	START TRANSACTION;
	SELECT state INTO v_state FROM mcp_call
		WHERE number = p_call AND state = 1 FOR UPDATE;
	IF v_state = 1 THEN
		CALL mcp_call_cancelled(p_now, p_call, 2);
	END IF;
	COMMIT;
	SELECT IF(v_state = 1, 0, 1) AS outcome;
END;

-- ------------------------------------------------------------- questions

-- The streams of a list, each once, ascending: they are open, of that session,
-- and locked then; or p_outcome is 1.
CREATE OR REPLACE PROCEDURE mcp_streams_lock(IN p_session bigint,
	IN p_count bigint, IN p_streams LONGBLOB, OUT p_outcome integer)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_at bigint DEFAULT 0;
	DECLARE v_i bigint DEFAULT 0;
	DECLARE v_field LONGBLOB;
	DECLARE v_kind integer;

	SET p_outcome = 0;
	WHILE v_i < p_count DO
		CALL mcp_unpack(p_streams, v_at, v_field);
		SET v_kind = NULL;
		SELECT kind INTO v_kind FROM mcp_stream
			WHERE number = CAST(v_field AS SIGNED)
			AND session = p_session AND is_open = 1 FOR UPDATE;
		IF v_kind IS NULL THEN
			SET p_outcome = 1;
		END IF;
		SET v_i = v_i + 1;
	END WHILE;
END;

-- One of the list of questions: a row, and its message.
CREATE OR REPLACE PROCEDURE mcp_question_add(IN p_now bigint,
	IN p_session bigint, IN p_call bigint, IN p_questions LONGBLOB,
	INOUT p_at bigint, INOUT p_seq bigint, INOUT p_reader bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_outcome integer;
	DECLARE v_stream LONGBLOB;
	DECLARE v_rpc_id LONGBLOB;
	DECLARE v_key LONGBLOB;
	DECLARE v_method LONGBLOB;
	DECLARE v_params LONGBLOB;
	DECLARE v_deadline LONGBLOB;
	DECLARE v_data LONGBLOB;

	CALL mcp_unpack(p_questions, p_at, v_stream);
	CALL mcp_unpack(p_questions, p_at, v_rpc_id);
	CALL mcp_unpack(p_questions, p_at, v_key);
	CALL mcp_unpack(p_questions, p_at, v_method);
	CALL mcp_unpack(p_questions, p_at, v_params);
	CALL mcp_unpack(p_questions, p_at, v_deadline);
	CALL mcp_unpack(p_questions, p_at, v_data);
	INSERT INTO mcp_question(call_number, session, stream, rpc_id, ask_key,
		method, params, deadline) VALUES(p_call, p_session,
		CAST(v_stream AS SIGNED), v_rpc_id, v_key, v_method, v_params,
		CAST(v_deadline AS SIGNED));
	IF CAST(v_stream AS SIGNED) <> 0 THEN
		CALL mcp_event_add(p_now, p_session, CAST(v_stream AS SIGNED),
			0, v_data, 0, 0, v_outcome, p_seq, p_reader);
	END IF;
END;

-- p_questions: of each its stream, rpc_id, key, method, params, deadline and
-- message; p_streams: all that are named, each once, ascending; p_count, and
-- so many of these.
CREATE OR REPLACE PROCEDURE mcp_question_put(IN p_mark BINARY(16),
	IN p_now bigint, IN p_session bigint, IN p_call bigint,
	IN p_epoch bigint, IN p_waiting_max bigint, IN p_count bigint,
	IN p_questions LONGBLOB, IN p_streams_count bigint,
	IN p_streams LONGBLOB)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_outcome integer;
	DECLARE v_seq bigint DEFAULT 0;
	DECLARE v_reader bigint DEFAULT 0;
	DECLARE v_live integer;
	DECLARE v_session bigint;
	DECLARE v_stream bigint;
	DECLARE v_task bigint;
	DECLARE v_owner VARBINARY(320);
	DECLARE v_is_waiting integer;
	DECLARE v_is_full integer;
	DECLARE v_at bigint DEFAULT 0;
	DECLARE v_i bigint DEFAULT 0;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	START TRANSACTION;
	IF p_session <> 0 THEN
		SELECT state INTO v_live FROM mcp_session
			WHERE id = p_session LOCK IN SHARE MODE;
	END IF;
	CALL mcp_call_fence(p_call, p_epoch, v_outcome, v_session, v_stream,
		v_task);
	IF v_outcome = 0 THEN
		SELECT owner, is_waiting INTO v_owner, v_is_waiting
			FROM mcp_call WHERE number = p_call;
		CALL mcp_host_is_full(v_owner, 1, p_waiting_max, v_is_full);
		SET v_outcome = CASE WHEN v_session <> p_session THEN 4
			WHEN p_session <> 0 AND NOT v_live <=> 1 THEN 1
			WHEN v_is_waiting = 0 AND v_is_full THEN 3
			ELSE 0 END;
	END IF;
	IF v_outcome = 0 THEN
		CALL mcp_call_wait(p_now, p_call, v_task, 1, v_task);
		CALL mcp_streams_lock(p_session, p_streams_count, p_streams,
			v_outcome);
	END IF;
	IF v_outcome = 0 THEN
		WHILE v_i < p_count DO
			CALL mcp_question_add(p_now, p_session, p_call,
				p_questions, v_at, v_seq, v_reader);
			SET v_i = v_i + 1;
		END WHILE;
		CALL mcp_call_notice(p_now, p_session, v_stream, 0, p_call,
			v_task);
		CALL mcp_done_put(p_mark, p_now, 0, v_seq, v_reader, 0);
		COMMIT;
	ELSE
		ROLLBACK;
	END IF;
	SELECT v_outcome AS outcome, v_seq AS seq, v_reader AS reader;
END;

-- The open question that is meant, by session and rpc_id or by call and key;
-- only one that was sent nowhere.  The row of its call is locked first, and
-- what was found before that looked at again.  Of a key the newest: a tool that
-- is run again may ask again.
CREATE OR REPLACE PROCEDURE mcp_question_find(IN p_session bigint,
	IN p_rpc_id VARBINARY(2048), IN p_call bigint, IN p_key LONGBLOB,
	IN p_unsent integer, OUT p_id bigint, OUT p_his bigint,
	OUT p_his_session bigint, OUT p_stream bigint, OUT p_task bigint)
	SQL SECURITY INVOKER
find: BEGIN
	IF p_rpc_id IS NULL THEN
		SET p_his = p_call;
	ELSE
		SELECT call_number INTO p_his FROM mcp_question
			WHERE session = p_session AND rpc_id = p_rpc_id
			AND state = 1 AND (stream = 0 OR NOT p_unsent)
			ORDER BY id DESC LIMIT 1;
	END IF;
	SELECT session, stream, task INTO p_his_session, p_stream, p_task
		FROM mcp_call WHERE number = p_his FOR UPDATE;
	IF p_his_session IS NULL THEN
		LEAVE find;
	END IF;
	IF p_rpc_id IS NULL THEN
		SELECT id INTO p_id FROM mcp_question
			WHERE call_number = p_his AND ask_key = p_key
			AND state = 1 AND (stream = 0 OR NOT p_unsent)
			ORDER BY id DESC LIMIT 1 FOR UPDATE;
	ELSE
		SELECT id INTO p_id FROM mcp_question
			WHERE session = p_session AND rpc_id = p_rpc_id
			AND call_number = p_his
			AND state = 1 AND (stream = 0 OR NOT p_unsent)
			ORDER BY id DESC LIMIT 1 FOR UPDATE;
	END IF;
END;

CREATE OR REPLACE PROCEDURE mcp_question_answer(IN p_mark BINARY(16),
	IN p_now bigint, IN p_session bigint, IN p_rpc_id VARBINARY(2048),
	IN p_call bigint, IN p_key LONGBLOB, IN p_answer LONGBLOB,
	IN p_is_error bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_id bigint;
	DECLARE v_open bigint;
	DECLARE v_call bigint;
	DECLARE v_session bigint;
	DECLARE v_stream bigint;
	DECLARE v_task bigint;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	START TRANSACTION;
	CALL mcp_question_find(p_session, p_rpc_id, p_call, p_key, 0, v_id,
		v_call, v_session, v_stream, v_task);
	IF v_id IS NOT NULL THEN
		UPDATE mcp_question SET state = 2, answer = p_answer,
			is_error = p_is_error WHERE id = v_id;
		-- The last answer lets the call go on.
		SELECT id INTO v_open FROM mcp_question
			WHERE call_number = v_call AND state = 1
			LIMIT 1 FOR UPDATE;
		IF v_open IS NOT NULL THEN
			SET v_task = 0;
		ELSE
			CALL mcp_call_wait(p_now, v_call, v_task, 0, v_task);
		END IF;
		CALL mcp_call_notice(p_now, v_session, v_stream, 5, v_call,
			v_task);
		CALL mcp_done_put(p_mark, p_now, 0, v_call, 0, 0);
	END IF;
	COMMIT;
	SELECT IF(v_id IS NULL, 1, 0) AS outcome;
END;

CREATE OR REPLACE PROCEDURE mcp_questions(IN p_call bigint)
	SQL SECURITY INVOKER
BEGIN
	SELECT * FROM mcp_question_row WHERE call_number = p_call ORDER BY id;
END;

CREATE OR REPLACE PROCEDURE mcp_questions_close(IN p_now bigint,
	IN p_call bigint, IN p_epoch bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_outcome integer;
	DECLARE v_session bigint;
	DECLARE v_stream bigint;
	DECLARE v_task bigint;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	START TRANSACTION;
	CALL mcp_call_fence(p_call, p_epoch, v_outcome, v_session, v_stream,
		v_task);
	IF v_outcome = 0 THEN
		UPDATE mcp_question SET state = 3
			WHERE call_number = p_call AND state = 1;
		CALL mcp_call_wait(p_now, p_call, v_task, 0, v_task);
		CALL mcp_call_notice(p_now, v_session, v_stream, 0, p_call,
			v_task);
	END IF;
	COMMIT;
	SELECT v_outcome AS outcome;
END;

CREATE OR REPLACE PROCEDURE mcp_question_send(IN p_mark BINARY(16),
	IN p_now bigint, IN p_session bigint, IN p_rpc_id VARBINARY(2048),
	IN p_call bigint, IN p_key LONGBLOB, IN p_stream bigint,
	IN p_data LONGBLOB)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_outcome integer DEFAULT 0;
	DECLARE v_seq bigint DEFAULT 0;
	DECLARE v_reader bigint DEFAULT 0;
	DECLARE v_id bigint;
	DECLARE v_call bigint;
	DECLARE v_session bigint;
	DECLARE v_stream bigint;
	DECLARE v_task bigint;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	START TRANSACTION;
	CALL mcp_question_find(p_session, p_rpc_id, p_call, p_key, 1, v_id,
		v_call, v_session, v_stream, v_task);
	IF v_id IS NULL THEN
		SET v_outcome = 2;
	ELSE
		UPDATE mcp_question SET stream = p_stream WHERE id = v_id;
		CALL mcp_event_add(p_now, v_session, p_stream, 0, p_data, 0, 0,
			v_outcome, v_seq, v_reader);
	END IF;
	IF v_outcome = 0 THEN
		CALL mcp_done_put(p_mark, p_now, 0, v_seq, v_reader, 0);
		COMMIT;
	ELSE
		ROLLBACK;
	END IF;
	SELECT v_outcome AS outcome, v_seq AS seq, v_reader AS reader;
END;

-- Somebody else may ask them now: whoever waits for one of their tasks.
CREATE OR REPLACE PROCEDURE mcp_questions_return(IN p_now bigint,
	IN p_stream bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_task bigint;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	START TRANSACTION;
	FOR his IN (SELECT DISTINCT call_number FROM mcp_question
		WHERE stream = p_stream AND state = 1 ORDER BY call_number) DO
		SELECT task INTO v_task FROM mcp_call
			WHERE number = his.call_number FOR UPDATE;
	END FOR;
	FOR his IN (SELECT c.session, c.stream, c.number, c.task FROM mcp_call c
		WHERE c.task <> 0 AND c.number IN
		(SELECT q.call_number FROM mcp_question q
		WHERE q.stream = p_stream AND q.state = 1)
		ORDER BY IF(c.session = 0, c.task, c.session) % 256, c.number)
		DO
		UPDATE mcp_question SET stream = 0
			WHERE call_number = his.number AND stream = p_stream
			AND state = 1;
		CALL mcp_notice(p_now, his.session, his.stream, 6, his.task);
	END FOR;
	UPDATE mcp_question SET stream = 0
		WHERE stream = p_stream AND state = 1;
	COMMIT;
	SELECT 0 AS outcome;
END;

-- ----------------------------------------------------------------- tasks

CREATE OR REPLACE PROCEDURE mcp_task_get(IN p_id BINARY(16),
	IN p_principal BINARY(16))
	SQL SECURITY INVOKER
BEGIN
	SELECT * FROM mcp_task_row
		WHERE id = p_id AND principal = p_principal;
END;

CREATE OR REPLACE PROCEDURE mcp_task_find(IN p_task bigint)
	SQL SECURITY INVOKER
BEGIN
	SELECT * FROM mcp_task_row WHERE number = p_task;
END;

-- With outcome 2 the row says how it had ended.
CREATE OR REPLACE PROCEDURE mcp_task_cancel(IN p_mark BINARY(16),
	IN p_now bigint, IN p_task bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_outcome integer DEFAULT 0;
	DECLARE v_call bigint;
	DECLARE v_state integer;
	DECLARE v_session bigint DEFAULT 0;
	DECLARE v_stream bigint DEFAULT 0;
	DECLARE v_kind integer DEFAULT 0;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;

	START TRANSACTION;
	SELECT call_number INTO v_call FROM mcp_task WHERE number = p_task;
	SELECT session, stream, IF(state = 1 AND is_cancelled = 0, 4, 0)
		INTO v_session, v_stream, v_kind
		FROM mcp_call WHERE number = v_call FOR UPDATE;
	SELECT state INTO v_state FROM mcp_task WHERE number = p_task
		FOR UPDATE;
	IF v_state IS NULL THEN
		SET v_outcome = 1;
	ELSEIF v_state > 2 THEN
		SET v_outcome = 2;
	ELSE
		UPDATE mcp_task SET state = 5, updated = p_now
			WHERE number = p_task;
		IF v_kind <> 0 THEN
			UPDATE mcp_call SET is_cancelled = 1
				WHERE number = v_call;
		END IF;
		CALL mcp_call_notice(p_now, v_session, v_stream, v_kind, v_call,
			p_task);
		CALL mcp_done_put(p_mark, p_now, 0, p_task, 0, 0);
	END IF;
	COMMIT;
	SELECT v_outcome AS outcome, t.*
		FROM (SELECT 1 AS one) o LEFT JOIN mcp_task_row t
		ON t.number = p_task;
END;

CREATE OR REPLACE PROCEDURE mcp_tasks(IN p_principal BINARY(16),
	IN p_after bigint, IN p_session bigint, IN p_form bigint,
	IN p_limit bigint)
	SQL SECURITY INVOKER
BEGIN
	IF p_principal IS NULL THEN
		SELECT * FROM mcp_task_row
			WHERE number > p_after
			AND (p_session = 0 OR session = p_session)
			AND (p_form = 0 OR form = p_form)
			ORDER BY number LIMIT p_limit;
	ELSE
		SELECT * FROM mcp_task_row
			WHERE principal = p_principal AND number > p_after
			AND (p_session = 0 OR session = p_session)
			AND (p_form = 0 OR form = p_form)
			ORDER BY number LIMIT p_limit;
	END IF;
END;
