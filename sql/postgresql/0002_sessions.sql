-- Sessions, what the store knows of itself, and what is swept.

-- Live sessions that may be forgotten: nobody reads a stream of it, nothing
-- runs for it and nobody was asked.  What is found here must be locked and
-- looked for once more: who begins to use a session locks its row first.
CREATE OR REPLACE VIEW mcp_unused AS
	SELECT e.id, e.sid, e.principal, e.created, e.touched
	FROM mcp_session e WHERE e.state = 1
	AND NOT EXISTS(SELECT 1 FROM mcp_stream x
		WHERE x.session = e.id AND x.owner IS NOT NULL)
	AND NOT EXISTS(SELECT 1 FROM mcp_call x
		WHERE x.session = e.id AND x.session <> 0 AND x.state = 1)
	AND NOT EXISTS(SELECT 1 FROM mcp_question x
		WHERE x.session = e.id AND x.state = 1);

-- ------------------------------------------------- parts of other routines

-- This transaction may be lost with the machine's power.  Never one that gives
-- away numbers: what was seen under one must not be forgotten and the number
-- be used again.
CREATE OR REPLACE FUNCTION mcp_relax(p_relaxed bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	IF p_relaxed <> 0 THEN
		PERFORM set_config('synchronous_commit', 'off', true);
	END IF;
END $$;

-- Sessions whose rows the caller has locked lose everything but their rows.
-- Three parts, to be called in this order, with the rows as they were.

-- What runs for them is told to stop, the rest goes.
CREATE OR REPLACE FUNCTION mcp_drop(p_sessions bigint[])
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM 1 FROM mcp_call WHERE session = ANY(p_sessions)
		AND session <> 0 AND state = 1 ORDER BY number FOR UPDATE;
	UPDATE mcp_call SET is_cancelled = 1 WHERE session = ANY(p_sessions)
		AND session <> 0 AND state = 1;
	PERFORM 1 FROM mcp_question WHERE session = ANY(p_sessions)
		ORDER BY id FOR UPDATE;
	DELETE FROM mcp_question WHERE session = ANY(p_sessions);
	DELETE FROM mcp_cancel WHERE session = ANY(p_sessions);
	-- Whoever appends has the row of the stream.
	PERFORM 1 FROM mcp_stream WHERE session = ANY(p_sessions)
		ORDER BY number FOR UPDATE;
	DELETE FROM mcp_event WHERE stream = ANY(ARRAY(SELECT number
		FROM mcp_stream WHERE session = ANY(p_sessions)));
	DELETE FROM mcp_stream WHERE session = ANY(p_sessions);
	DELETE FROM mcp_want WHERE session = ANY(p_sessions);
END $$;

-- Copies of their rows are out of date.
CREATE OR REPLACE FUNCTION mcp_drop_rev(p_sessions bigint[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v record;
BEGIN
	FOR v IN SELECT get_byte(sid, 0) AS shard,
			count(*) FILTER (WHERE state = 1) AS live
			FROM mcp_session WHERE id = ANY(p_sessions)
			GROUP BY 1 ORDER BY 1 LOOP
		UPDATE mcp_rev SET rev = rev + 1, live = live - v.live
			WHERE shard = v.shard;
	END LOOP;
END $$;

-- Who waits for them hears of it: of the live ones.
CREATE OR REPLACE FUNCTION mcp_drop_notice(p_now bigint, p_sessions bigint[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v record;
	v_call record;
BEGIN
	FOR v IN SELECT id FROM mcp_session
			WHERE id = ANY(p_sessions) AND state = 1
			ORDER BY id % 256, id LOOP
		FOR v_call IN SELECT number, stream FROM mcp_call
				WHERE session = v.id AND session <> 0
				AND state = 1 ORDER BY number LOOP
			PERFORM mcp_notice(p_now, v.id, v_call.stream, 4,
				v_call.number);
		END LOOP;
		PERFORM mcp_notice(p_now, v.id, 0, 2, 0);
	END LOOP;
END $$;

-- One live session, locked by the caller, ends.
CREATE OR REPLACE FUNCTION mcp_session_close(p_now bigint, p_session bigint,
	p_why bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM mcp_drop(ARRAY[p_session]);
	PERFORM mcp_drop_rev(ARRAY[p_session]);
	PERFORM mcp_drop_notice(p_now, ARRAY[p_session]);
	UPDATE mcp_session SET state = 2, why = p_why, touched = p_now,
		transport = 0, caps = 0, log_level = -1, initialized = 0,
		lists = 0, revision = NULL, principal_name = NULL,
		client = NULL
		WHERE id = p_session;
END $$;

-- --------------------------------------------------------------- sessions

-- Always one row: incarnation and revision, and the session if it is there.
CREATE OR REPLACE FUNCTION mcp_session_get(p_shard bigint, p_sid bytea,
	p_principal bytea, p_created bigint)
RETURNS TABLE(store bigint, rev bigint, id bigint, sid bytea, principal bytea,
	created bigint, incarnation bigint, state integer, why integer,
	transport integer, caps bigint, log_level integer, initialized integer,
	lists bigint, touched bigint, revision bytea, principal_name bytea,
	client bytea)
LANGUAGE sql STABLE AS $$
	SELECT m.v, r.rev, s.id, s.sid, s.principal, s.created, s.incarnation,
		s.state, s.why, s.transport, s.caps, s.log_level,
		s.initialized, s.lists, s.touched, s.revision,
		s.principal_name, s.client
		FROM mcp_meta m
		LEFT JOIN mcp_rev r ON r.shard = p_shard
		LEFT JOIN mcp_session s ON s.sid = p_sid
			AND s.principal = p_principal AND s.created = p_created
		WHERE m.k = 'incarnation'
$$;

-- The least recently touched that may go, locked; only of this principal,
-- unless it is NULL.
CREATE OR REPLACE FUNCTION mcp_session_spare(p_principal bytea,
	p_idle_before bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	v_id bigint;
BEGIN
	FOR v_try IN 1..20 LOOP
		IF p_principal IS NULL THEN
			SELECT id INTO v_id FROM mcp_unused
				WHERE touched < p_idle_before
				ORDER BY touched, id LIMIT 1
				FOR UPDATE SKIP LOCKED;
		ELSE
			SELECT id INTO v_id FROM mcp_unused
				WHERE principal = p_principal
				AND touched < p_idle_before
				ORDER BY touched, id LIMIT 1
				FOR UPDATE SKIP LOCKED;
		END IF;
		EXIT WHEN v_id IS NULL;
		PERFORM 1 FROM mcp_unused
			WHERE id = v_id AND touched < p_idle_before;
		EXIT WHEN FOUND;
		v_id := NULL;
	END LOOP;
	RETURN v_id;
END $$;

CREATE OR REPLACE FUNCTION mcp_session_put(p_mark bytea, p_now bigint,
	p_sid bytea, p_principal bytea, p_created bigint, p_incarnation bigint,
	p_transport bigint, p_caps bigint, p_log_level bigint,
	p_initialized bigint, p_touched bigint, p_revision bytea,
	p_principal_name bytea, p_client bytea, p_total bigint,
	p_per_principal bigint, p_idle_before bigint)
RETURNS TABLE(outcome integer, id bigint) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	v_id bigint;
	v_spare bigint;
	v_n bigint;
	v_whose bytea;
	v_is_full boolean := false;
	v_shard integer := get_byte(p_sid, 0);
BEGIN
	PERFORM 1 FROM mcp_session WHERE sid = p_sid;
	IF FOUND THEN
		RETURN QUERY SELECT 2, 0::bigint;
		RETURN;
	END IF;
	IF p_per_principal > 0 THEN
		SELECT count(*) INTO v_n FROM (SELECT 1 FROM mcp_session
			WHERE principal = p_principal AND state = 1
			LIMIT p_per_principal) n;
		v_is_full := v_n >= p_per_principal;
		-- Who meets both caps forgets a row of its own, which makes
		-- room for both.
		IF v_is_full THEN
			v_whose := p_principal;
		END IF;
	END IF;
	IF NOT v_is_full AND p_total > 0 THEN
		SELECT sum(live) INTO v_n FROM mcp_rev;
		v_is_full := v_n >= p_total;
	END IF;
	IF v_is_full THEN
		v_spare := mcp_session_spare(v_whose, p_idle_before);
		IF v_spare IS NULL THEN
			RETURN QUERY SELECT 3, 0::bigint;
			RETURN;
		END IF;
	END IF;
	INSERT INTO mcp_session(sid, principal, created, incarnation,
		transport, caps, log_level, initialized, lists, touched,
		revision, principal_name, client)
		SELECT p_sid, p_principal, p_created, p_incarnation,
			p_transport, p_caps, p_log_level, p_initialized, topic,
			p_touched, p_revision, p_principal_name, p_client
			FROM mcp_counter
		ON CONFLICT(sid) DO NOTHING RETURNING mcp_session.id INTO v_id;
	IF v_id IS NULL THEN
		RETURN QUERY SELECT 2, 0::bigint;
		RETURN;
	END IF;
	IF v_spare IS NOT NULL THEN
		PERFORM mcp_drop(ARRAY[v_spare]);
		PERFORM 1 FROM mcp_rev WHERE shard = v_shard OR shard =
			(SELECT get_byte(sid, 0) FROM mcp_session s
				WHERE s.id = v_spare)
			ORDER BY shard FOR UPDATE;
		PERFORM mcp_drop_rev(ARRAY[v_spare]);
	END IF;
	UPDATE mcp_rev SET live = live + 1 WHERE shard = v_shard;
	IF v_spare IS NOT NULL THEN
		PERFORM mcp_drop_notice(p_now, ARRAY[v_spare]);
		DELETE FROM mcp_session s WHERE s.id = v_spare;
	END IF;
	PERFORM mcp_done_put(p_mark, p_now, 0, v_id, 0, 0);
	RETURN QUERY SELECT 0, v_id;
END $$;

-- column: 0 initialized, 1 touched, 2 log_level.
CREATE OR REPLACE FUNCTION mcp_session_set(p_session bigint, p_column bigint,
	p_number bigint, p_relaxed bigint)
RETURNS TABLE(outcome integer) LANGUAGE plpgsql AS $$
DECLARE
	v_sid bytea;
BEGIN
	IF p_column = 1 THEN
		PERFORM mcp_relax(p_relaxed);
		UPDATE mcp_session SET touched = p_number
			WHERE id = p_session AND state = 1
			RETURNING sid INTO v_sid;
	ELSIF p_column = 0 THEN
		UPDATE mcp_session SET initialized = 1
			WHERE id = p_session AND state = 1
			RETURNING sid INTO v_sid;
	ELSE
		UPDATE mcp_session SET log_level = p_number
			WHERE id = p_session AND state = 1
			RETURNING sid INTO v_sid;
	END IF;
	IF v_sid IS NOT NULL AND p_column <> 1 THEN
		UPDATE mcp_rev SET rev = rev + 1
			WHERE shard = get_byte(v_sid, 0);
	END IF;
	RETURN QUERY SELECT CASE WHEN v_sid IS NULL THEN 1 ELSE 0 END;
END $$;

CREATE OR REPLACE FUNCTION mcp_session_negotiate(p_mark bytea, p_now bigint,
	p_session bigint, p_revision bytea, p_caps bigint, p_client bytea)
RETURNS TABLE(outcome integer) LANGUAGE plpgsql AS $$
DECLARE
	v record;
BEGIN
	SELECT sid, revision INTO v FROM mcp_session
		WHERE id = p_session AND state = 1 FOR UPDATE;
	IF NOT FOUND THEN
		RETURN QUERY SELECT 1;
		RETURN;
	END IF;
	IF v.revision IS NOT NULL THEN
		RETURN QUERY SELECT 2;
		RETURN;
	END IF;
	UPDATE mcp_session SET revision = p_revision, caps = p_caps,
		client = p_client WHERE id = p_session;
	UPDATE mcp_rev SET rev = rev + 1 WHERE shard = get_byte(v.sid, 0);
	PERFORM mcp_done_put(p_mark, p_now, 0, 0, 0, 0);
	RETURN QUERY SELECT 0;
END $$;

CREATE OR REPLACE FUNCTION mcp_session_end(p_mark bytea, p_now bigint,
	p_sid bytea, p_principal bytea, p_created bigint, p_why bigint,
	p_incarnation bigint)
RETURNS TABLE(outcome integer) LANGUAGE plpgsql AS $$
DECLARE
	v record;
	v_id bigint;
BEGIN
	LOOP
		SELECT id, principal, created, state INTO v FROM mcp_session
			WHERE sid = p_sid FOR UPDATE;
		EXIT WHEN FOUND;
		INSERT INTO mcp_session(sid, principal, created, why, touched,
			incarnation, state)
			VALUES(p_sid, p_principal, p_created, p_why, p_now,
				p_incarnation, 2)
			ON CONFLICT(sid) DO NOTHING RETURNING id INTO v_id;
		EXIT WHEN v_id IS NOT NULL;
		-- It came meanwhile.
	END LOOP;
	IF v_id IS NOT NULL THEN
		UPDATE mcp_rev SET rev = rev + 1
			WHERE shard = get_byte(p_sid, 0);
	ELSIF v.principal <> p_principal OR v.created <> p_created THEN
		RETURN QUERY SELECT 1;
		RETURN;
	ELSIF v.state <> 1 THEN
		RETURN QUERY SELECT 2;
		RETURN;
	ELSE
		PERFORM mcp_session_close(p_now, v.id, p_why);
	END IF;
	PERFORM mcp_done_put(p_mark, p_now, 0, 0, 0, 0);
	RETURN QUERY SELECT 0;
END $$;

-- id, state: 0 for any; sid, principal_name: NULL for any.
CREATE OR REPLACE FUNCTION mcp_session_list(p_id bigint, p_sid bytea,
	p_state bigint, p_principal_name bytea, p_after bigint, p_limit bigint)
RETURNS TABLE(id bigint, sid bytea, principal bytea, created bigint,
	incarnation bigint, state integer, why integer, transport integer,
	caps bigint, log_level integer, initialized integer, lists bigint,
	touched bigint, revision bytea, principal_name bytea, client bytea)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
	v_from bigint := greatest(p_after, p_id - 1);
	v_to bigint := CASE p_id WHEN 0 THEN 9223372036854775807 ELSE p_id END;
	v_id bigint;
BEGIN
	IF p_sid IS NOT NULL THEN
		SELECT s.id INTO v_id FROM mcp_session s WHERE s.sid = p_sid;
		v_from := greatest(v_from, v_id - 1);
		v_to := least(v_to, coalesce(v_id, 0));
	END IF;
	RETURN QUERY SELECT s.id, s.sid, s.principal, s.created,
		s.incarnation, s.state, s.why, s.transport, s.caps,
		s.log_level, s.initialized, s.lists, s.touched, s.revision,
		s.principal_name, s.client
		FROM mcp_session s
		WHERE s.id > v_from AND s.id <= v_to
		AND (p_state = 0 OR s.state = p_state)
		AND (p_principal_name IS NULL
			OR s.principal_name = p_principal_name)
		ORDER BY s.id LIMIT p_limit;
END $$;

-- ----------------------------------------------------------------- upkeep

CREATE OR REPLACE FUNCTION mcp_info()
RETURNS TABLE(incarnation bigint, schema bigint, oldest_program bigint,
	sessions_live bigint, sessions_ended bigint)
LANGUAGE sql STABLE AS $$
	SELECT (SELECT v FROM mcp_meta WHERE k = 'incarnation'),
		(SELECT v FROM mcp_meta WHERE k = 'schema'),
		(SELECT v FROM mcp_meta WHERE k = 'oldest_program'),
		count(*) FILTER (WHERE state = 1),
		count(*) FILTER (WHERE state = 2) FROM mcp_session
$$;

CREATE OR REPLACE FUNCTION mcp_keys()
RETURNS TABLE(id bigint, secret bytea, created bigint, mint_from bigint,
	end_at bigint)
LANGUAGE sql STABLE AS $$
	SELECT id, secret, created, mint_from, end_at FROM mcp_cluster_key
		ORDER BY id LIMIT 8
$$;

-- One at a time, so that there are never more than may be.  Those that ended
-- before p_over_before go.
CREATE OR REPLACE FUNCTION mcp_key_add(p_mark bytea, p_now bigint, p_id bigint,
	p_secret bytea, p_created bigint, p_mint_from bigint, p_end bigint,
	p_over_before bigint)
RETURNS TABLE(outcome integer) LANGUAGE plpgsql AS $$
DECLARE
	v_n bigint;
	v_there bigint;
BEGIN
	PERFORM 1 FROM mcp_meta WHERE k = 'schema' FOR UPDATE;
	SELECT count(*), count(*) FILTER (WHERE id = p_id) INTO v_n, v_there
		FROM mcp_cluster_key
		WHERE end_at = 0 OR end_at >= p_over_before;
	IF v_there > 0 OR v_n >= 8 THEN
		RETURN QUERY SELECT CASE WHEN v_there > 0 THEN 2 ELSE 3 END;
		RETURN;
	END IF;
	DELETE FROM mcp_cluster_key
		WHERE end_at > 0 AND end_at < p_over_before;
	INSERT INTO mcp_cluster_key(id, secret, created, mint_from, end_at)
		VALUES(p_id, p_secret, p_created, p_mint_from, p_end);
	PERFORM mcp_done_put(p_mark, p_now, 0, 0, 0, 0);
	RETURN QUERY SELECT 0;
END $$;

CREATE OR REPLACE FUNCTION mcp_key_end(p_id bigint, p_end bigint)
RETURNS TABLE(outcome integer) LANGUAGE plpgsql AS $$
BEGIN
	UPDATE mcp_cluster_key SET end_at = p_end WHERE id = p_id;
	RETURN QUERY SELECT CASE WHEN FOUND THEN 0 ELSE 1 END;
END $$;

CREATE OR REPLACE FUNCTION mcp_revs()
RETURNS TABLE(shard integer, rev bigint, incarnation bigint)
LANGUAGE sql STABLE AS $$
	SELECT r.shard, r.rev, m.v FROM mcp_rev r, mcp_meta m
		WHERE m.k = 'incarnation'
$$;

-- What was committed may be lost, and its numbers given away again: nothing
-- more is written to streams of before, who ran a call may not write for it,
-- and everybody has missed something.
CREATE OR REPLACE FUNCTION mcp_renew(p_mark bytea, p_now bigint)
RETURNS TABLE(outcome integer) LANGUAGE plpgsql AS $$
BEGIN
	-- Not one that the store had after the backup that this may be.
	UPDATE mcp_meta SET v = v + 1 + floor(random() * 65536)::bigint
		WHERE k = 'incarnation';
	PERFORM 1 FROM mcp_call WHERE state = 1 ORDER BY number FOR UPDATE;
	UPDATE mcp_call SET epoch = epoch + 1 WHERE state = 1;
	-- Who opens one now reads the new incarnation once we are done.
	LOCK TABLE mcp_stream IN SHARE ROW EXCLUSIVE MODE;
	UPDATE mcp_stream SET is_open = 0, closed = p_now, changed = p_now
		WHERE is_open = 1;
	PERFORM 1 FROM mcp_chg ORDER BY shard FOR UPDATE;
	UPDATE mcp_chg SET ver = ver + 1, purged = ver + 1;
	PERFORM mcp_done_put(p_mark, p_now, 0, 0, 0, 0);
	RETURN QUERY SELECT 0;
END $$;

CREATE OR REPLACE FUNCTION mcp_host_beat(p_now bigint, p_name bytea,
	p_relaxed bigint)
RETURNS TABLE(outcome integer) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM mcp_relax(p_relaxed);
	INSERT INTO mcp_host AS h (name, beat, at) VALUES(p_name, 1, p_now)
		ON CONFLICT(name) DO UPDATE
			SET beat = h.beat + 1, at = excluded.at;
	RETURN QUERY SELECT 0;
END $$;

CREATE OR REPLACE FUNCTION mcp_host_drain(p_now bigint, p_name bytea,
	p_is_draining bigint)
RETURNS TABLE(outcome integer) LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO mcp_host(name, is_draining, at)
		VALUES(p_name, p_is_draining, p_now)
		ON CONFLICT(name) DO UPDATE
			SET is_draining = excluded.is_draining;
	RETURN QUERY SELECT 0;
END $$;

CREATE OR REPLACE FUNCTION mcp_hosts()
RETURNS TABLE(name bytea, beat bigint, at bigint, is_draining integer)
LANGUAGE sql STABLE AS $$
	SELECT name, beat, at, is_draining FROM mcp_host ORDER BY name
$$;

CREATE OR REPLACE FUNCTION mcp_nonce_use(p_mark bytea, p_now bigint,
	p_nonce bytea, p_end bigint)
RETURNS TABLE(outcome integer) LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO mcp_nonce(nonce, end_at) VALUES(p_nonce, p_end)
		ON CONFLICT(nonce) DO NOTHING;
	IF NOT FOUND THEN
		RETURN QUERY SELECT 2;
		RETURN;
	END IF;
	PERFORM mcp_done_put(p_mark, p_now, 0, 0, 0, 0);
	RETURN QUERY SELECT 0;
END $$;
