-- The event log, what is noticed in it, and topics.

-- ---------------------------------------------------------------- events

-- Drop events up to a number that is not beyond the head.  The stream's row is
-- locked.
CREATE OR REPLACE FUNCTION mcp_event_purge(p_stream bigint, p_up_to bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_bytes bigint;
BEGIN
	WITH gone AS (DELETE FROM mcp_event
		WHERE stream = p_stream AND seq <= p_up_to
		RETURNING length(data) AS n)
	SELECT coalesce(sum(n), 0) INTO v_bytes FROM gone;
	UPDATE mcp_stream SET purged = greatest(purged, p_up_to),
		sent = greatest(sent, p_up_to), bytes = bytes - v_bytes
		WHERE number = p_stream;
END $$;

-- Drop the oldest events until the caps are met; never the newest.
CREATE OR REPLACE FUNCTION mcp_event_trim(p_stream bigint, p_events bigint,
	p_bytes bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	v_head bigint;
	v_up_to bigint;
	v_bytes bigint;
BEGIN
	SELECT head, purged, bytes INTO v_head, v_up_to, v_bytes
		FROM mcp_stream WHERE number = p_stream;
	WHILE v_head - v_up_to > 1
		AND ((p_events > 0 AND v_head - v_up_to > p_events)
			OR (p_bytes > 0 AND v_bytes > p_bytes)) LOOP
		v_up_to := v_up_to + 1;
		v_bytes := v_bytes - coalesce((SELECT length(data)
			FROM mcp_event
			WHERE stream = p_stream AND seq = v_up_to), 0);
	END LOOP;
	PERFORM mcp_event_purge(p_stream, v_up_to);
END $$;

-- Append an event to an open stream of a session: a part of other routines,
-- too, which give no key (0) and no caps (0, 0), and whose transaction must
-- fail if the outcome is not 0.
--   p_key: the writer's own number for it; 0: none.  Who gives one has locked
--     the call it is of, or the stream, so that the same is not done twice at
--     once.
--   p_events, p_bytes: caps of the stream; 0: none.
--   outcome: 0 done, or it was before; 1 there is no such open stream; 3 the
--     stream of a call is at its cap; but for 0 nothing was changed.
--   seq, reader: as in struct appended.
-- Locks the stream, then the session's shard.
CREATE OR REPLACE FUNCTION mcp_event_add(p_now bigint, p_session bigint,
	p_stream bigint, p_key bigint, p_data bytea, p_events bigint,
	p_bytes bigint, OUT outcome integer, OUT seq bigint, OUT reader bigint)
LANGUAGE plpgsql AS $$
DECLARE
	v_shard integer := (p_session % 256)::integer;
	v_ver bigint;
	v_kind integer;
	v_events bigint;
	v_bytes bigint;
BEGIN
	UPDATE mcp_stream s SET head = s.head + 1,
		bytes = s.bytes + length(p_data), changed = p_now
		WHERE s.number = p_stream AND s.session = p_session
		AND s.is_open = 1
		AND (p_key = 0 OR NOT EXISTS(SELECT 1 FROM mcp_event e
			WHERE e.stream = p_stream AND e.writer_key = p_key))
		AND (s.kind <> 1
			OR ((p_events = 0 OR s.head - s.purged < p_events)
			AND (p_bytes = 0
				OR s.bytes + length(p_data) <= p_bytes)))
		RETURNING s.head, s.reader, s.kind, s.head - s.purged, s.bytes
		INTO seq, reader, v_kind, v_events, v_bytes;
	IF NOT FOUND THEN
		SELECT r.outcome, r.seq, r.reader INTO outcome, seq, reader
			FROM mcp_event_refused(p_session, p_stream, p_key) r;
		RETURN;
	END IF;
	UPDATE mcp_chg SET ver = ver + 1 WHERE shard = v_shard
		RETURNING ver INTO v_ver;
	INSERT INTO mcp_event(stream, seq, session, shard, ver, at, writer_key,
		data) VALUES(p_stream, seq, p_session, v_shard, v_ver, p_now,
		nullif(p_key, 0), p_data);
	IF v_kind <> 1 AND ((p_events > 0 AND v_events > p_events)
		OR (p_bytes > 0 AND v_bytes > p_bytes)) THEN
		PERFORM mcp_event_trim(p_stream, p_events, p_bytes);
	END IF;
	outcome := 0;
END $$;

-- Why nothing was appended.
CREATE OR REPLACE FUNCTION mcp_event_refused(p_session bigint, p_stream bigint,
	p_key bigint, OUT outcome integer, OUT seq bigint, OUT reader bigint)
LANGUAGE plpgsql AS $$
BEGIN
	SELECT 0, e.seq, s.reader INTO outcome, seq, reader
		FROM mcp_event e JOIN mcp_stream s ON s.number = e.stream
		WHERE e.stream = p_stream AND e.writer_key = p_key
		AND p_key <> 0 AND s.session = p_session;
	IF FOUND THEN
		RETURN;
	END IF;
	SELECT CASE WHEN kind = 1 THEN 3 END INTO outcome FROM mcp_stream
		WHERE number = p_stream AND session = p_session
		AND is_open = 1;
	IF NOT FOUND THEN
		outcome := 1;
	ELSIF outcome IS NULL THEN
		-- It is as it was not a moment ago.
		RAISE EXCEPTION 'a stream changed' USING ERRCODE = '40001';
	END IF;
END $$;

-- p_call: the call that writes, fenced by its epoch; 0: none.  Its row is
-- locked, so that who has claimed it since is not behind.  Repeatable with a
-- key only.
CREATE OR REPLACE FUNCTION mcp_event_append(p_now bigint, p_session bigint,
	p_stream bigint, p_key bigint, p_call bigint, p_epoch bigint,
	p_data bytea, p_events bigint, p_bytes bigint)
RETURNS TABLE(outcome integer, seq bigint, reader bigint)
LANGUAGE plpgsql AS $$
BEGIN
	IF p_call <> 0 THEN
		PERFORM 1 FROM mcp_call WHERE number = p_call
			AND epoch = p_epoch AND state = 1
			FOR NO KEY UPDATE;
		IF NOT FOUND THEN
			RETURN QUERY SELECT 2, 0::bigint, 0::bigint;
			RETURN;
		END IF;
	ELSIF p_key <> 0 THEN
		PERFORM 1 FROM mcp_stream WHERE number = p_stream
			FOR NO KEY UPDATE;
	END IF;
	RETURN QUERY SELECT e.outcome, e.seq, e.reader FROM mcp_event_add(p_now,
		p_session, p_stream, p_key, p_data, p_events, p_bytes) e;
END $$;

-- The same without a key.
CREATE OR REPLACE FUNCTION mcp_event_append_once(p_mark bytea, p_now bigint,
	p_session bigint, p_stream bigint, p_call bigint, p_epoch bigint,
	p_data bytea, p_events bigint, p_bytes bigint)
RETURNS TABLE(outcome integer, seq bigint, reader bigint)
LANGUAGE plpgsql AS $$
BEGIN
	SELECT e.outcome, e.seq, e.reader INTO outcome, seq, reader
		FROM mcp_event_append(p_now, p_session, p_stream, 0, p_call,
			p_epoch, p_data, p_events, p_bytes) e;
	IF outcome = 0 THEN
		PERFORM mcp_done_put(p_mark, p_now, outcome, seq, reader, 0);
	END IF;
	RETURN NEXT;
END $$;

-- --------------------------------------------------------------- streams

-- Open a stream with its owner (or NULL) as reader 1: a part of other routines.
-- Its session is live and locked.  number, incarnation: those of its row, whose
-- other columns are as they begin.
CREATE OR REPLACE FUNCTION mcp_stream_add(p_now bigint, p_session bigint,
	p_kind integer, p_owner bytea, OUT number bigint,
	OUT incarnation bigint)
LANGUAGE sql AS $$
	INSERT INTO mcp_stream(session, kind, incarnation, created, changed,
		owner) SELECT p_session, p_kind, v, p_now, p_now, p_owner
		FROM mcp_meta WHERE k = 'incarnation'
		RETURNING number, incarnation
$$;

-- No more comes: a part of other routines.
CREATE OR REPLACE FUNCTION mcp_stream_close(p_now bigint, p_stream bigint)
RETURNS void LANGUAGE sql AS $$
	UPDATE mcp_stream SET is_open = 0, changed = p_now, closed = p_now
		WHERE number = p_stream AND is_open = 1
$$;
