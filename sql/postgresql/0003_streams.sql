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
	IF p_key <> 0 THEN
		SELECT 0, e.seq, s.reader INTO outcome, seq, reader
			FROM mcp_event e JOIN mcp_stream s ON s.number = e.stream
			WHERE e.stream = p_stream AND e.writer_key = p_key
			AND s.session = p_session;
		IF FOUND THEN
			RETURN;
		END IF;
	END IF;
	UPDATE mcp_stream s SET head = s.head + 1,
		bytes = s.bytes + length(p_data), changed = p_now
		WHERE s.number = p_stream AND s.session = p_session
		AND s.is_open = 1
		AND (s.kind <> 1
			OR ((p_events = 0 OR s.head - s.purged < p_events)
			AND (p_bytes = 0
				OR s.bytes + length(p_data) <= p_bytes)))
		RETURNING s.head, s.reader, s.kind, s.head - s.purged, s.bytes
		INTO seq, reader, v_kind, v_events, v_bytes;
	IF NOT FOUND THEN
		outcome := CASE WHEN EXISTS(SELECT 1 FROM mcp_stream s
			WHERE s.number = p_stream AND s.session = p_session
			AND s.is_open = 1) THEN 3 ELSE 1 END;
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

-- p_call: the call that writes, fenced by its epoch; 0: none.  Its row is
-- locked, so that who has claimed it since is not behind.  Repeatable with a
-- key only.
CREATE OR REPLACE FUNCTION mcp_event_append(p_now bigint, p_session bigint,
	p_stream bigint, p_key bigint, p_call bigint, p_epoch bigint,
	p_data bytea, p_events bigint, p_bytes bigint, OUT outcome integer,
	OUT seq bigint, OUT reader bigint)
LANGUAGE plpgsql AS $$
BEGIN
	IF p_call <> 0 THEN
		PERFORM 1 FROM mcp_call WHERE number = p_call
			AND epoch = p_epoch AND state = 1
			FOR NO KEY UPDATE;
		IF NOT FOUND THEN
			outcome := 2;
			RETURN;
		END IF;
	ELSIF p_key <> 0 THEN
		PERFORM 1 FROM mcp_stream WHERE number = p_stream
			FOR NO KEY UPDATE;
	END IF;
	SELECT * INTO outcome, seq, reader FROM mcp_event_add(p_now, p_session,
		p_stream, p_key, p_data, p_events, p_bytes);
END $$;

-- The same without a key.
CREATE OR REPLACE FUNCTION mcp_event_append_once(p_mark bytea, p_now bigint,
	p_session bigint, p_stream bigint, p_call bigint, p_epoch bigint,
	p_data bytea, p_events bigint, p_bytes bigint, OUT outcome integer,
	OUT seq bigint, OUT reader bigint)
LANGUAGE plpgsql AS $$
BEGIN
	SELECT * INTO outcome, seq, reader FROM mcp_event_append(p_now,
		p_session, p_stream, 0, p_call, p_epoch, p_data, p_events,
		p_bytes);
	IF outcome = 0 THEN
		PERFORM mcp_done_put(p_mark, p_now, outcome, seq, reader, 0);
	END IF;
END $$;

-- --------------------------------------------------------------- streams

-- Open a stream with its owner (or NULL) as reader 1: a part of other routines.
-- Its session is live and locked.  number, incarnation: those of its row, whose
-- other columns are as they begin.
CREATE OR REPLACE FUNCTION mcp_stream_add(p_now bigint, p_session bigint,
	p_kind bigint, p_owner bytea, OUT number bigint,
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

-- The columns of a stream, as the program reads them.
CREATE OR REPLACE VIEW mcp_stream_row AS
	SELECT number, session, kind, incarnation, head, purged, sent, reader,
		is_open, created, changed, owner FROM mcp_stream;

CREATE OR REPLACE FUNCTION mcp_stream_open(p_mark bytea, p_now bigint,
	p_session bigint, p_kind bigint, p_owner bytea)
RETURNS TABLE(outcome integer, number bigint, incarnation bigint)
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM 1 FROM mcp_session WHERE id = p_session AND state = 1
		FOR SHARE;
	IF NOT FOUND THEN
		RETURN QUERY SELECT 1, 0::bigint, 0::bigint;
		RETURN;
	END IF;
	SELECT s.number, s.incarnation INTO number, incarnation
		FROM mcp_stream_add(p_now, p_session, p_kind, p_owner) s;
	PERFORM mcp_done_put(p_mark, p_now, 0, number, incarnation, 0);
	outcome := 0;
	RETURN NEXT;
END $$;

-- p_stream: 0 for that of the session.  The session's row is locked, so that
-- it gets one such stream, and none when it has ended.
CREATE OR REPLACE FUNCTION mcp_stream_attach(p_now bigint, p_session bigint,
	p_stream bigint, p_after bigint, p_incarnation bigint, p_owner bytea)
RETURNS TABLE(outcome integer, number bigint, session bigint, kind integer,
	incarnation bigint, head bigint, purged bigint, sent bigint,
	reader bigint, is_open integer, created bigint, changed bigint,
	owner bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	v mcp_stream%ROWTYPE;
	v_incarnation bigint;
BEGIN
	outcome := 1;
	PERFORM 1 FROM mcp_session WHERE id = p_session AND state = 1
		FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		RETURN NEXT;
		RETURN;
	END IF;
	SELECT m.v INTO v_incarnation FROM mcp_meta m WHERE k = 'incarnation';
	IF p_stream <> 0 THEN
		SELECT * INTO v FROM mcp_stream WHERE number = p_stream
			AND session = p_session
			AND incarnation = v_incarnation FOR NO KEY UPDATE;
	ELSE
		SELECT * INTO v FROM mcp_stream WHERE session = p_session
			AND kind = 2 AND is_open = 1
			AND incarnation = v_incarnation FOR NO KEY UPDATE;
	END IF;
	IF v.number IS NULL AND p_stream = 0 THEN
		v.incarnation := v_incarnation;
		v.head := 0;
		v.purged := 0;
	END IF;
	IF v.head IS NULL OR (p_after <> -1 AND (p_after < v.purged
		OR p_after > v.head OR p_incarnation <> v.incarnation)) THEN
		RETURN NEXT;
		RETURN;
	END IF;
	IF v.number IS NULL THEN
		v.number := (SELECT a.number
			FROM mcp_stream_add(p_now, p_session, 2, NULL) a);
	END IF;
	UPDATE mcp_stream SET reader = reader + 1, owner = p_owner
		WHERE number = v.number;
	PERFORM mcp_notice(p_now, p_session, v.number, 1, 0);
	RETURN QUERY SELECT 0, r.* FROM mcp_stream_row r
		WHERE r.number = v.number;
END $$;

CREATE OR REPLACE FUNCTION mcp_stream_detach(p_now bigint, p_stream bigint,
	p_reader bigint, p_sent bigint)
RETURNS TABLE(outcome integer) LANGUAGE plpgsql AS $$
DECLARE
	v record;
	v_sent bigint;
BEGIN
	outcome := 0;
	RETURN NEXT;
	SELECT * INTO v FROM mcp_stream
		WHERE number = p_stream AND reader = p_reader
		FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	v_sent := least(p_sent, v.head);
	IF v_sent > v.sent OR v.owner IS NOT NULL THEN
		UPDATE mcp_stream SET sent = greatest(sent, v_sent),
			owner = NULL WHERE number = p_stream;
	END IF;
	IF v_sent > v.sent AND v.kind = 3 THEN
		PERFORM mcp_event_purge(p_stream, v_sent);
	END IF;
	IF v.owner IS NOT NULL THEN
		PERFORM mcp_notice(p_now, v.session, p_stream, 1, 0);
	END IF;
END $$;

-- p_list: a JSON array of [stream, reader, sent].
CREATE OR REPLACE FUNCTION mcp_streams_sent(p_relaxed bigint, p_list bytea)
RETURNS TABLE(outcome integer) LANGUAGE plpgsql AS $$
DECLARE
	v_list jsonb := convert_from(p_list, 'UTF8')::jsonb;
	v record;
BEGIN
	PERFORM mcp_relax(p_relaxed);
	PERFORM 1 FROM mcp_stream s WHERE s.number = ANY(ARRAY(
			SELECT (x->>0)::bigint FROM jsonb_array_elements(v_list) x))
		ORDER BY s.number FOR NO KEY UPDATE;
	FOR v IN UPDATE mcp_stream s SET sent = least(l.sent, s.head)
			FROM (SELECT (x->>0)::bigint AS stream,
				(x->>1)::bigint AS reader,
				(x->>2)::bigint AS sent
				FROM jsonb_array_elements(v_list) x) l
			WHERE s.number = l.stream AND s.reader = l.reader
			AND s.sent < least(l.sent, s.head)
			RETURNING s.number, s.kind, s.sent LOOP
		IF v.kind = 3 THEN
			PERFORM mcp_event_purge(v.number, v.sent);
		END IF;
	END LOOP;
	outcome := 0;
	RETURN NEXT;
END $$;

CREATE OR REPLACE FUNCTION mcp_stream_find(p_session bigint, p_kind bigint)
RETURNS SETOF mcp_stream_row LANGUAGE sql STABLE AS $$
	SELECT * FROM mcp_stream_row WHERE session = p_session
		AND kind = p_kind AND is_open = 1
		AND incarnation = (SELECT v FROM mcp_meta
			WHERE k = 'incarnation')
		ORDER BY number DESC LIMIT 1
$$;

-- The row with each event; once without, if there is none.  All of it is of
-- one moment.  Behind what was purged the first event is that behind p_after.
CREATE OR REPLACE FUNCTION mcp_stream_read(p_stream bigint, p_after bigint,
	p_events bigint, p_bytes bigint)
RETURNS TABLE(number bigint, session bigint, kind integer, incarnation bigint,
	head bigint, purged bigint, sent bigint, reader bigint,
	is_open integer, created bigint, changed bigint, owner bytea,
	seq bigint, data bytea)
LANGUAGE sql STABLE AS $$
	SELECT s.*, e.seq, e.data FROM mcp_stream_row s
		LEFT JOIN (SELECT w.seq, w.data,
			sum(length(w.data)) OVER (ORDER BY w.seq) AS total
			FROM mcp_event w WHERE w.stream = p_stream
			AND w.seq > p_after AND w.seq <= p_after + p_events) e
		ON s.purged <= p_after
		AND (e.total <= p_bytes OR e.seq = p_after + 1)
		WHERE s.number = p_stream ORDER BY e.seq
$$;

-- --------------------------------------------------------------- changes

-- Has anything changed?  By everybody, many times a second.
CREATE OR REPLACE FUNCTION mcp_change_sum()
RETURNS TABLE(incarnation bigint, total bigint) LANGUAGE sql STABLE AS $$
	SELECT (SELECT v FROM mcp_meta WHERE k = 'incarnation'),
		(SELECT sum(ver)::bigint FROM mcp_chg)
$$;

CREATE OR REPLACE FUNCTION mcp_change_vector()
RETURNS TABLE(incarnation bigint, shard integer, ver bigint)
LANGUAGE sql STABLE AS $$
	SELECT (SELECT v FROM mcp_meta WHERE k = 'incarnation'), shard, ver
		FROM mcp_chg
$$;

-- p_list: a JSON array of [shard, from, to]: what has these numbers, but for
-- `from`, is wanted; 1000 numbers at most.  7: some of it may be gone.  Each
-- range is looked for by itself, in its order: how long a list is and how far it
-- goes is not known beforehand, and whole tables would be read for it.
CREATE OR REPLACE FUNCTION mcp_changes(p_list bytea)
RETURNS TABLE(session bigint, stream bigint, kind integer, ref bigint)
LANGUAGE sql STABLE AS $$
	WITH l AS MATERIALIZED (SELECT (x->>0)::integer AS shard,
		(x->>1)::bigint AS low, (x->>2)::bigint AS high
		FROM jsonb_array_elements(convert_from(p_list, 'UTF8')::jsonb) x)
	SELECT e.session, e.stream, 0, 0::bigint FROM l
		CROSS JOIN LATERAL (SELECT x.session, x.stream
			FROM mcp_event x WHERE x.shard = l.shard
			AND x.ver > l.low AND x.ver <= l.high
			ORDER BY x.ver LIMIT 1000) e
	UNION ALL SELECT s.session, s.stream, s.kind, s.ref FROM l
		CROSS JOIN LATERAL (SELECT x.session, x.stream, x.kind, x.ref
			FROM mcp_signal x WHERE x.shard = l.shard
			AND x.ver > l.low AND x.ver <= l.high
			ORDER BY x.ver LIMIT 1000) s
	UNION ALL SELECT 0, 0, 7, 0 FROM l JOIN mcp_chg c
		ON c.shard = l.shard AND c.purged > l.low
$$;

-- A process is dead: one piece of what is to be done, with `more` if there is
-- another.
CREATE OR REPLACE FUNCTION mcp_owner_gone(p_now bigint, p_owner bytea,
	p_limit bigint)
RETURNS TABLE(outcome integer, more integer) LANGUAGE plpgsql AS $$
DECLARE
	v_session bigint;
	v_streams bigint[];
	v record;
BEGIN
	outcome := 0;
	more := 1;
	SELECT s.session INTO v_session FROM mcp_stream s
		JOIN mcp_session e ON e.id = s.session AND e.state = 1
		WHERE s.owner = p_owner AND s.kind = 3
		ORDER BY s.session LIMIT 1;
	IF FOUND THEN
		PERFORM 1 FROM mcp_session WHERE id = v_session AND state = 1
			FOR UPDATE;
		IF FOUND AND EXISTS(SELECT 1 FROM mcp_stream
			WHERE session = v_session AND kind = 3
			AND owner = p_owner) THEN
			PERFORM mcp_session_close(p_now, v_session, 1);
		END IF;
		RETURN NEXT;
		RETURN;
	END IF;
	-- Whichever: for the first of all by number all streams would be read.
	v_streams := ARRAY(SELECT number FROM mcp_stream
		WHERE owner = p_owner LIMIT p_limit);
	PERFORM 1 FROM mcp_stream WHERE number = ANY(v_streams)
		ORDER BY number FOR NO KEY UPDATE;
	FOR v IN SELECT number, session FROM mcp_stream
			WHERE number = ANY(v_streams) AND owner = p_owner
			ORDER BY session % 256, number LOOP
		PERFORM mcp_notice(p_now, v.session, v.number, 1, 0);
	END LOOP;
	UPDATE mcp_stream SET owner = NULL
		WHERE number = ANY(v_streams) AND owner = p_owner;
	more := (cardinality(v_streams) >= p_limit)::integer;
	RETURN NEXT;
END $$;

-- Those between two names.
CREATE OR REPLACE FUNCTION mcp_owners(p_low bytea, p_high bytea)
RETURNS TABLE(name bytea) LANGUAGE sql STABLE AS $$
	SELECT owner FROM mcp_stream WHERE owner >= p_low AND owner < p_high
	UNION SELECT owner FROM mcp_call
		WHERE state = 1 AND owner >= p_low AND owner < p_high
$$;

-- ---------------------------------------------------------------- topics

-- The id of a topic, which is made if it is missing, and stays as long as this
-- transaction: a part of other routines.
CREATE OR REPLACE FUNCTION mcp_topic_keep(p_now bigint, p_name bytea)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	v record;
BEGIN
	SELECT id, digest INTO v FROM mcp_topic WHERE name = p_name;
	-- What has a digest is never swept.
	IF FOUND AND v.digest IS NOT NULL THEN
		RETURN v.id;
	END IF;
	IF NOT FOUND THEN
		INSERT INTO mcp_topic(name, at) VALUES(p_name, p_now)
			ON CONFLICT(name) DO NOTHING;
	END IF;
	SELECT id INTO v FROM mcp_topic WHERE name = p_name FOR KEY SHARE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'a topic was swept' USING ERRCODE = '40001';
	END IF;
	RETURN v.id;
END $$;

-- p_digest: NULL to raise it whatever it is about.  Nearly always nothing is
-- new, and that takes no lock.
CREATE OR REPLACE FUNCTION mcp_topic_raise(p_mark bytea, p_now bigint,
	p_name bytea, p_digest bytea)
RETURNS TABLE(outcome integer, version bigint, raised integer)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
	v record;
	v_id bigint;
BEGIN
	outcome := 0;
	raised := 0;
	SELECT t.version INTO version FROM mcp_topic t
		WHERE t.name = p_name AND t.digest = p_digest;
	IF FOUND THEN
		RETURN NEXT;
		RETURN;
	END IF;
	v_id := mcp_topic_keep(p_now, p_name);
	SELECT * INTO v FROM mcp_topic WHERE id = v_id FOR NO KEY UPDATE;
	version := v.version;
	IF v.digest = p_digest THEN
		RETURN NEXT;
		RETURN;
	END IF;
	IF p_digest IS NOT NULL AND v.digest IS NULL THEN
		UPDATE mcp_topic SET digest = p_digest, at = p_now
			WHERE id = v_id;
	ELSE
		raised := 1;
		UPDATE mcp_counter SET topic = topic + 1 RETURNING topic
			INTO version;
		UPDATE mcp_topic t SET version = mcp_topic_raise.version,
			at = p_now, digest = coalesce(p_digest, digest)
			WHERE id = v_id;
		PERFORM mcp_notice(p_now, 0, 0, 3, v_id);
	END IF;
	PERFORM mcp_done_put(p_mark, p_now, 0, version, raised, 0);
	RETURN NEXT;
END $$;

-- A JSON array of names in hexadecimal digits.
CREATE OR REPLACE FUNCTION mcp_names(p_names bytea)
RETURNS TABLE(name bytea, place bigint) LANGUAGE sql IMMUTABLE AS $$
	SELECT decode(x, 'hex'), n FROM jsonb_array_elements_text(
		convert_from(p_names, 'UTF8')::jsonb) WITH ORDINALITY AS j(x, n)
$$;

CREATE OR REPLACE FUNCTION mcp_topics_get(p_names bytea)
RETURNS TABLE(id bigint, version bigint) LANGUAGE sql STABLE AS $$
	SELECT coalesce(t.id, 0), coalesce(t.version, 0) FROM mcp_names(p_names) n
		LEFT JOIN mcp_topic t ON t.name = n.name ORDER BY n.place
$$;

CREATE OR REPLACE FUNCTION mcp_topic_find(p_id bigint)
RETURNS TABLE(id bigint, version bigint, name bytea) LANGUAGE sql STABLE AS $$
	SELECT id, version, name FROM mcp_topic WHERE id = p_id
$$;

-- p_seen: negative for the present version of each.  Topics are locked in the
-- order of their names.
CREATE OR REPLACE FUNCTION mcp_want_put(p_now bigint, p_session bigint,
	p_names bytea, p_seen bigint, p_max bigint)
RETURNS TABLE(outcome integer) LANGUAGE plpgsql AS $$
DECLARE
	v record;
	v_n bigint;
	v_topic bigint;
BEGIN
	PERFORM 1 FROM mcp_session WHERE id = p_session AND state = 1
		FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		RETURN QUERY SELECT 1;
		RETURN;
	END IF;
	IF p_max > 0 THEN
		SELECT count(*) + (SELECT count(DISTINCT n.name)
			FROM mcp_names(p_names) n WHERE NOT EXISTS(SELECT 1
				FROM mcp_topic t JOIN mcp_want w
				ON w.topic = t.id AND w.session = p_session
				WHERE t.name = n.name))
			INTO v_n FROM mcp_want WHERE session = p_session;
		IF v_n > p_max THEN
			RETURN QUERY SELECT 3;
			RETURN;
		END IF;
	END IF;
	FOR v IN SELECT DISTINCT n.name FROM mcp_names(p_names) n
			ORDER BY n.name LOOP
		v_topic := mcp_topic_keep(p_now, v.name);
		INSERT INTO mcp_want(session, topic, seen)
			SELECT p_session, id,
			CASE WHEN p_seen < 0 THEN version ELSE p_seen END
			FROM mcp_topic WHERE id = v_topic
			ON CONFLICT(session, topic) DO NOTHING;
	END LOOP;
	RETURN QUERY SELECT 0;
END $$;

CREATE OR REPLACE FUNCTION mcp_want_drop(p_session bigint, p_name bytea)
RETURNS TABLE(outcome integer) LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM mcp_want WHERE session = p_session
		AND topic = (SELECT id FROM mcp_topic WHERE name = p_name);
	RETURN QUERY SELECT 0;
END $$;

CREATE OR REPLACE FUNCTION mcp_wants_behind(p_session bigint)
RETURNS TABLE(id bigint, version bigint, name bytea) LANGUAGE sql STABLE AS $$
	SELECT t.id, t.version, t.name FROM mcp_want w
		JOIN mcp_topic t ON t.id = w.topic
		WHERE w.session = p_session AND w.seen < t.version
		ORDER BY t.version
$$;

-- The streams on which a version is to be told, one for each session.  A
-- process reads some streams of all, whoever wants the topic; but if few want
-- it, those are looked through.
CREATE OR REPLACE FUNCTION mcp_topic_targets(p_topic bigint, p_version bigint,
	p_owner bytea, p_session bigint, p_limit bigint)
RETURNS bigint[] LANGUAGE plpgsql STABLE AS $$
BEGIN
	IF p_session <> 0 THEN
		RETURN ARRAY(SELECT s.number FROM mcp_want w
			JOIN mcp_stream s ON s.session = w.session
			WHERE w.session = p_session AND w.topic = p_topic
			AND w.seen < p_version AND s.is_open = 1
			AND s.kind IN (2, 3)
			AND (p_owner IS NULL OR s.owner = p_owner)
			ORDER BY s.number LIMIT 1);
	END IF;
	IF p_owner IS NULL OR (SELECT count(*) FROM (SELECT 1 FROM mcp_want
		WHERE topic = p_topic LIMIT p_limit + 1) x) <= p_limit THEN
		RETURN ARRAY(SELECT min(s.number) FROM mcp_want w
			JOIN mcp_stream s ON s.session = w.session
			WHERE w.topic = p_topic AND w.seen < p_version
			AND s.is_open = 1 AND s.kind IN (2, 3)
			AND (p_owner IS NULL OR s.owner = p_owner)
			GROUP BY s.session ORDER BY s.session LIMIT p_limit);
	END IF;
	RETURN ARRAY(SELECT min(s.number) FROM mcp_stream s
		JOIN mcp_want w ON w.session = s.session
		WHERE s.owner = p_owner AND w.topic = p_topic
		AND w.seen < p_version AND s.is_open = 1 AND s.kind IN (2, 3)
		GROUP BY s.session ORDER BY s.session LIMIT p_limit);
END $$;

-- p_owner: NULL for any; p_session: 0 for all.  Streams are locked first, then
-- wants, each in the order of their numbers: of two who tell the same version
-- the second finds it told.
CREATE OR REPLACE FUNCTION mcp_topic_deliver(p_now bigint, p_name bytea,
	p_version bigint, p_owner bytea, p_session bigint, p_data bytea,
	p_limit bigint, p_events bigint, p_bytes bigint)
RETURNS TABLE(outcome integer, sessions bigint, more integer)
LANGUAGE plpgsql AS $$
DECLARE
	v record;
	v_topic bigint;
	v_streams bigint[];
	v_sessions bigint[];
BEGIN
	outcome := 0;
	sessions := 0;
	more := 0;
	SELECT id INTO v_topic FROM mcp_topic WHERE name = p_name;
	v_streams := mcp_topic_targets(v_topic, p_version, p_owner, p_session,
		p_limit);
	IF v_topic IS NULL OR cardinality(v_streams) = 0 THEN
		RETURN NEXT;
		RETURN;
	END IF;
	more := (cardinality(v_streams) >= p_limit)::integer;
	PERFORM 1 FROM mcp_stream WHERE number = ANY(v_streams)
		ORDER BY number FOR NO KEY UPDATE;
	v_sessions := ARRAY(SELECT session FROM mcp_stream
		WHERE number = ANY(v_streams) AND is_open = 1);
	PERFORM 1 FROM mcp_want WHERE topic = v_topic
		AND session = ANY(v_sessions) AND seen < p_version
		ORDER BY session FOR NO KEY UPDATE;
	WITH told AS (UPDATE mcp_want SET seen = p_version
		WHERE topic = v_topic AND session = ANY(v_sessions)
		AND seen < p_version RETURNING session)
	SELECT array_agg(session) INTO v_sessions FROM told;
	FOR v IN SELECT number, session FROM mcp_stream
			WHERE number = ANY(v_streams)
			AND session = ANY(v_sessions)
			ORDER BY session % 256, session LOOP
		IF (SELECT e.outcome FROM mcp_event_add(p_now, v.session,
			v.number, 0, p_data, p_events, p_bytes) e) <> 0 THEN
			RAISE EXCEPTION 'a stream changed'
				USING ERRCODE = '40001';
		END IF;
		sessions := sessions + 1;
	END LOOP;
	RETURN NEXT;
END $$;
