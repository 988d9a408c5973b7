-- The event log, what is noticed in it, and topics.
--
-- A query that is an expression (of SET, IF or DEFAULT) locks what it reads;
-- SELECT INTO does not, nor does a cursor.

-- ---------------------------------------------------------------- events

-- Drop events up to a number that is not beyond the head.  The stream's row is
-- locked.
CREATE OR REPLACE PROCEDURE mcp_event_purge(IN p_stream bigint,
	IN p_up_to bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_bytes bigint;

	SELECT COALESCE(SUM(LENGTH(data)), 0) INTO v_bytes FROM mcp_event
		WHERE stream = p_stream AND seq <= p_up_to;
	DELETE FROM mcp_event WHERE stream = p_stream AND seq <= p_up_to;
	UPDATE mcp_stream SET purged = GREATEST(purged, p_up_to),
		sent = GREATEST(sent, p_up_to), bytes = bytes - v_bytes
		WHERE number = p_stream;
END;

-- Drop the oldest events until the caps are met; never the newest.
CREATE OR REPLACE PROCEDURE mcp_event_trim(IN p_stream bigint,
	IN p_events bigint, IN p_bytes bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_head bigint;
	DECLARE v_up_to bigint;
	DECLARE v_bytes bigint;

	SELECT head, purged, bytes INTO v_head, v_up_to, v_bytes
		FROM mcp_stream WHERE number = p_stream;
	WHILE v_head - v_up_to > 1
		AND ((p_events > 0 AND v_head - v_up_to > p_events)
			OR (p_bytes > 0 AND v_bytes > p_bytes)) DO
		SET v_up_to = v_up_to + 1;
		SELECT v_bytes - LENGTH(data) INTO v_bytes FROM mcp_event
			WHERE stream = p_stream AND seq = v_up_to;
	END WHILE;
	CALL mcp_event_purge(p_stream, v_up_to);
END;

-- Append an event to an open stream of a session: a part of other routines,
-- too, which give no key (0) and no caps (0, 0), and whose transaction must
-- fail if the outcome is not 0.
--   p_key: the writer's own number for it; 0: none.
--   p_events, p_bytes: caps of the stream; 0: none.
--   p_outcome: 0 done, or it was before; 1 there is no such open stream; 3 the
--     stream of a call is at its cap; but for 0 nothing was changed.
--   p_seq, p_reader: as in struct appended.
-- Locks the stream, then the session's shard.
CREATE OR REPLACE PROCEDURE mcp_event_add(IN p_now bigint, IN p_session bigint,
	IN p_stream bigint, IN p_key bigint, IN p_data LONGBLOB,
	IN p_events bigint, IN p_bytes bigint, OUT p_outcome integer,
	OUT p_seq bigint, OUT p_reader bigint)
	SQL SECURITY INVOKER
this: BEGIN
	DECLARE v_kind integer DEFAULT 0;
	DECLARE v_is_open integer;
	DECLARE v_events bigint;
	DECLARE v_bytes bigint;
	DECLARE v_is_over integer;
	DECLARE v_seq bigint;

	SET p_outcome = 1;
	SELECT head + 1, reader, kind, is_open, head + 1 - purged,
		bytes + LENGTH(p_data)
		INTO p_seq, p_reader, v_kind, v_is_open, v_events, v_bytes
		FROM mcp_stream
		WHERE number = p_stream AND session = p_session FOR UPDATE;
	IF v_kind = 0 THEN
		LEAVE this;
	END IF;
	IF p_key <> 0 THEN
		SELECT seq INTO v_seq FROM mcp_event
			WHERE stream = p_stream AND writer_key = p_key;
		IF v_seq IS NOT NULL THEN
			SET p_outcome = 0, p_seq = v_seq;
			LEAVE this;
		END IF;
	END IF;
	IF v_is_open = 0 THEN
		LEAVE this;
	END IF;
	SET v_is_over = (p_events > 0 AND v_events > p_events)
		OR (p_bytes > 0 AND v_bytes > p_bytes);
	IF v_is_over AND v_kind = 1 THEN
		SET p_outcome = 3;
		LEAVE this;
	END IF;
	UPDATE mcp_stream SET head = p_seq, bytes = v_bytes, changed = p_now
		WHERE number = p_stream;
	UPDATE mcp_chg SET ver = LAST_INSERT_ID(ver + 1)
		WHERE shard = p_session % 256;
	INSERT INTO mcp_event(stream, seq, session, shard, ver, at, writer_key,
		data) VALUES(p_stream, p_seq, p_session, p_session % 256,
		LAST_INSERT_ID(), p_now, NULLIF(p_key, 0), p_data);
	IF v_is_over THEN
		CALL mcp_event_trim(p_stream, p_events, p_bytes);
	END IF;
	SET p_outcome = 0;
END;

-- What both ways to append have in common, within a transaction.  p_call: the
-- call that writes, fenced by its epoch; 0: none.  Its row is locked, so that
-- who has claimed it since is not behind.
CREATE OR REPLACE PROCEDURE mcp_event_write(IN p_now bigint,
	IN p_session bigint, IN p_stream bigint, IN p_key bigint,
	IN p_call bigint, IN p_epoch bigint, IN p_data LONGBLOB,
	IN p_events bigint, IN p_bytes bigint, OUT p_outcome integer,
	OUT p_seq bigint, OUT p_reader bigint)
	SQL SECURITY INVOKER
BEGIN
	IF p_call <> 0 AND (SELECT 1 FROM mcp_call WHERE number = p_call
		AND epoch = p_epoch AND state = 1 FOR UPDATE) IS NULL THEN
		SET p_outcome = 2;
	ELSE
		CALL mcp_event_add(p_now, p_session, p_stream, p_key, p_data,
			p_events, p_bytes, p_outcome, p_seq, p_reader);
	END IF;
END;

-- Repeatable with a key only.
CREATE OR REPLACE PROCEDURE mcp_event_append(IN p_now bigint,
	IN p_session bigint, IN p_stream bigint, IN p_key bigint,
	IN p_call bigint, IN p_epoch bigint, IN p_data LONGBLOB,
	IN p_events bigint, IN p_bytes bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_outcome integer;
	DECLARE v_seq bigint;
	DECLARE v_reader bigint;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	START TRANSACTION;
	CALL mcp_event_write(p_now, p_session, p_stream, p_key, p_call, p_epoch,
		p_data, p_events, p_bytes, v_outcome, v_seq, v_reader);
	COMMIT;
	SELECT v_outcome, v_seq, v_reader;
END;

-- The same without a key.
CREATE OR REPLACE PROCEDURE mcp_event_append_once(IN p_mark BINARY(16),
	IN p_now bigint, IN p_session bigint, IN p_stream bigint,
	IN p_call bigint, IN p_epoch bigint, IN p_data LONGBLOB,
	IN p_events bigint, IN p_bytes bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_outcome integer;
	DECLARE v_seq bigint;
	DECLARE v_reader bigint;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	START TRANSACTION;
	CALL mcp_event_write(p_now, p_session, p_stream, 0, p_call, p_epoch,
		p_data, p_events, p_bytes, v_outcome, v_seq, v_reader);
	IF v_outcome = 0 THEN
		CALL mcp_done_put(p_mark, p_now, 0, v_seq, v_reader, 0);
	END IF;
	COMMIT;
	SELECT v_outcome, v_seq, v_reader;
END;

-- --------------------------------------------------------------- streams

-- Open a stream with its owner (or NULL) as reader 1: a part of other routines.
-- Its session is live and locked.  p_number, p_incarnation: those of its row,
-- whose other columns are as they begin.
CREATE OR REPLACE PROCEDURE mcp_stream_add(IN p_now bigint, IN p_session bigint,
	IN p_kind bigint, IN p_owner VARBINARY(320), OUT p_number bigint,
	OUT p_incarnation bigint)
	SQL SECURITY INVOKER
BEGIN
	-- Who renews it waits, and finds this stream.
	SELECT v INTO p_incarnation FROM mcp_meta WHERE k = 'incarnation'
		LOCK IN SHARE MODE;
	INSERT INTO mcp_stream(session, kind, incarnation, created, changed,
		owner) VALUES(p_session, p_kind, p_incarnation, p_now, p_now,
		p_owner);
	SET p_number = LAST_INSERT_ID();
END;

-- No more comes: a part of other routines.
CREATE OR REPLACE PROCEDURE mcp_stream_close(IN p_now bigint,
	IN p_stream bigint)
	SQL SECURITY INVOKER
BEGIN
	UPDATE mcp_stream SET is_open = 0, changed = p_now, closed = p_now
		WHERE number = p_stream AND is_open = 1;
END;

-- The columns of a stream, as the program reads them.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW mcp_stream_row AS
	SELECT number, session, kind, incarnation, head, purged, sent, reader,
		is_open, created, changed, owner FROM mcp_stream;

CREATE OR REPLACE PROCEDURE mcp_stream_open(IN p_mark BINARY(16),
	IN p_now bigint, IN p_session bigint, IN p_kind bigint,
	IN p_owner VARBINARY(320))
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_outcome integer DEFAULT 1;
	DECLARE v_number bigint;
	DECLARE v_incarnation bigint;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	START TRANSACTION;
	IF (SELECT 1 FROM mcp_session WHERE id = p_session AND state = 1
		LOCK IN SHARE MODE) IS NOT NULL THEN
		CALL mcp_stream_add(p_now, p_session, p_kind, p_owner, v_number,
			v_incarnation);
		CALL mcp_done_put(p_mark, p_now, 0, v_number, v_incarnation, 0);
		SET v_outcome = 0;
	END IF;
	COMMIT;
	SELECT v_outcome, v_number, v_incarnation;
END;

-- p_stream: 0 for that of the session.  The session's row is locked, so that
-- it gets one such stream, and none when it has ended.
CREATE OR REPLACE PROCEDURE mcp_stream_attach(IN p_now bigint,
	IN p_session bigint, IN p_stream bigint, IN p_after bigint,
	IN p_incarnation bigint, IN p_owner VARBINARY(320))
	SQL SECURITY INVOKER
this: BEGIN
	DECLARE v_incarnation bigint;
	DECLARE v_number bigint DEFAULT 0;
	DECLARE v_head bigint DEFAULT 0;
	DECLARE v_purged bigint DEFAULT 0;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	START TRANSACTION;
	IF (SELECT 1 FROM mcp_session WHERE id = p_session AND state = 1
		FOR UPDATE) IS NULL THEN
		COMMIT;
		SELECT 1;
		LEAVE this;
	END IF;
	SELECT v INTO v_incarnation FROM mcp_meta WHERE k = 'incarnation';
	IF p_stream <> 0 THEN
		SELECT number, head, purged INTO v_number, v_head, v_purged
			FROM mcp_stream WHERE number = p_stream
			AND session = p_session
			AND incarnation = v_incarnation FOR UPDATE;
	ELSE
		-- Only the row that is wanted is to be locked.
		SELECT COALESCE(MAX(number), 0) INTO v_number FROM mcp_stream
			WHERE session = p_session AND kind = 2 AND is_open = 1
			AND incarnation = v_incarnation;
		SELECT head, purged INTO v_head, v_purged FROM mcp_stream
			WHERE number = v_number FOR UPDATE;
	END IF;
	IF (v_number = 0 AND p_stream <> 0) OR (p_after <> -1
		AND (p_after < v_purged OR p_after > v_head
			OR p_incarnation <> v_incarnation)) THEN
		ROLLBACK;
		SELECT 1;
		LEAVE this;
	END IF;
	IF v_number = 0 THEN
		CALL mcp_stream_add(p_now, p_session, 2, NULL, v_number,
			v_incarnation);
	END IF;
	UPDATE mcp_stream SET reader = reader + 1, owner = p_owner
		WHERE number = v_number;
	CALL mcp_notice(p_now, p_session, v_number, 1, 0);
	-- As it is while it is locked.
	BEGIN
		DECLARE v ROW TYPE OF mcp_stream_row;

		SELECT * INTO v FROM mcp_stream_row WHERE number = v_number;
		COMMIT;
		SELECT 0, v.number, v.session, v.kind, v.incarnation, v.head,
			v.purged, v.sent, v.reader, v.is_open, v.created,
			v.changed, v.owner;
	END;
END;

CREATE OR REPLACE PROCEDURE mcp_stream_detach(IN p_now bigint,
	IN p_stream bigint, IN p_reader bigint, IN p_sent bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_session bigint DEFAULT 0;
	DECLARE v_kind integer;
	DECLARE v_before bigint;
	DECLARE v_sent bigint;
	DECLARE v_has_owner integer;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	START TRANSACTION;
	SELECT session, kind, sent, LEAST(p_sent, head), owner IS NOT NULL
		INTO v_session, v_kind, v_before, v_sent, v_has_owner
		FROM mcp_stream WHERE number = p_stream AND reader = p_reader
		FOR UPDATE;
	IF v_session <> 0 THEN
		UPDATE mcp_stream SET sent = GREATEST(sent, v_sent),
			owner = NULL WHERE number = p_stream;
		IF v_sent > v_before AND v_kind = 3 THEN
			CALL mcp_event_purge(p_stream, v_sent);
		END IF;
		IF v_has_owner THEN
			CALL mcp_notice(p_now, v_session, p_stream, 1, 0);
		END IF;
	END IF;
	COMMIT;
	SELECT 0;
END;

-- p_list: a JSON array of [stream, reader, sent].
CREATE OR REPLACE PROCEDURE mcp_streams_sent(IN p_relaxed bigint,
	IN p_list LONGBLOB)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_kind integer;
	DECLARE v_up_to bigint;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	START TRANSACTION;
	FOR v IN (SELECT stream, reader, sent
		FROM JSON_TABLE(CONVERT(p_list USING utf8mb4), '$[*]' COLUMNS(
			stream bigint PATH '$[0]', reader bigint PATH '$[1]',
			sent bigint PATH '$[2]')) l ORDER BY stream) DO
		UPDATE mcp_stream SET sent = LEAST(v.sent, head)
			WHERE number = v.stream AND reader = v.reader
			AND sent < LEAST(v.sent, head);
		IF ROW_COUNT() > 0 THEN
			SELECT kind, sent INTO v_kind, v_up_to FROM mcp_stream
				WHERE number = v.stream;
			IF v_kind = 3 THEN
				CALL mcp_event_purge(v.stream, v_up_to);
			END IF;
		END IF;
	END FOR;
	COMMIT;
	SELECT 0;
END;

CREATE OR REPLACE PROCEDURE mcp_stream_find(IN p_session bigint,
	IN p_kind bigint)
	SQL SECURITY INVOKER
BEGIN
	SELECT * FROM mcp_stream_row WHERE session = p_session
		AND kind = p_kind AND is_open = 1
		AND incarnation = (SELECT v FROM mcp_meta
			WHERE k = 'incarnation')
		ORDER BY number DESC LIMIT 1;
END;

-- The row with each event; once without, if there is none.  All of it is of
-- one moment; how far it may go was found out before, and is found out only
-- where all that is there would be too much.  Behind what was purged the first
-- event is that behind p_after.
CREATE OR REPLACE PROCEDURE mcp_stream_read(IN p_stream bigint,
	IN p_after bigint, IN p_events bigint, IN p_bytes bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_bytes bigint DEFAULT 0;
	DECLARE v_up_to bigint DEFAULT 0;

	SELECT bytes, head INTO v_bytes, v_up_to FROM mcp_stream
		WHERE number = p_stream;
	SET v_up_to = LEAST(v_up_to, p_after + p_events);
	IF v_bytes > p_bytes THEN
		SELECT MAX(seq) INTO v_up_to FROM (SELECT seq,
			SUM(LENGTH(data)) OVER (ORDER BY seq) AS total
			FROM mcp_event WHERE stream = p_stream
			AND seq > p_after AND seq <= v_up_to) e
			WHERE total <= p_bytes;
	END IF;
	SET v_up_to = GREATEST(COALESCE(v_up_to, 0), p_after + 1);
	-- In whatever order: to sort them would put all into a file first.
	SELECT s.number, s.session, s.kind, s.incarnation, s.head, s.purged,
		s.sent, s.reader, s.is_open, s.created, s.changed, s.owner,
		e.seq, e.data FROM mcp_stream s
		LEFT JOIN mcp_event e FORCE INDEX (PRIMARY)
		ON e.stream = s.number AND e.seq > p_after AND e.seq <= v_up_to
		AND s.purged <= p_after
		WHERE s.number = p_stream;
END;

-- --------------------------------------------------------------- changes

-- Has anything changed?  By everybody, many times a second.
CREATE OR REPLACE PROCEDURE mcp_change_sum()
	SQL SECURITY INVOKER
BEGIN
	SELECT (SELECT v FROM mcp_meta WHERE k = 'incarnation'),
		CAST(SUM(ver) AS SIGNED) FROM mcp_chg;
END;

CREATE OR REPLACE PROCEDURE mcp_change_vector()
	SQL SECURITY INVOKER
BEGIN
	SELECT (SELECT v FROM mcp_meta WHERE k = 'incarnation'), shard, ver
		FROM mcp_chg;
END;

-- p_list: a JSON array of [shard, from, to]: what has these numbers, but for
-- `from`, is wanted; 1000 numbers at most.  7: some of it may be gone.  Each
-- number is looked for, because no index is used for ranges of several shards.
CREATE OR REPLACE PROCEDURE mcp_changes(IN p_list LONGBLOB)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_list LONGTEXT DEFAULT CONVERT(p_list USING utf8mb4);

	SELECT e.session, e.stream, 0, 0
		FROM JSON_TABLE(v_list, '$[*]' COLUMNS(shard integer PATH '$[0]',
			low bigint PATH '$[1]', high bigint PATH '$[2]')) l
		STRAIGHT_JOIN seq_1_to_1000 n ON n.seq <= l.high - l.low
		STRAIGHT_JOIN mcp_event e
		ON e.shard = l.shard AND e.ver = l.low + n.seq
	UNION ALL SELECT s.session, s.stream, s.kind, s.ref
		FROM JSON_TABLE(v_list, '$[*]' COLUMNS(shard integer PATH '$[0]',
			low bigint PATH '$[1]', high bigint PATH '$[2]')) l
		STRAIGHT_JOIN seq_1_to_1000 n ON n.seq <= l.high - l.low
		STRAIGHT_JOIN mcp_signal s
		ON s.shard = l.shard AND s.ver = l.low + n.seq
	UNION ALL SELECT 0, 0, 7, 0
		FROM JSON_TABLE(v_list, '$[*]' COLUMNS(shard integer PATH '$[0]',
			low bigint PATH '$[1]')) l
		STRAIGHT_JOIN mcp_chg c
		ON c.shard = l.shard AND c.purged > l.low;
END;

-- A process is dead: one piece of what is to be done, with `more` if there is
-- another.
CREATE OR REPLACE PROCEDURE mcp_owner_gone(IN p_now bigint,
	IN p_owner VARBINARY(320), IN p_limit bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_more integer DEFAULT 1;
	DECLARE v_n bigint DEFAULT 0;
	DECLARE v_session bigint;
	DECLARE v_streams LONGTEXT DEFAULT '';
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	START TRANSACTION;
	SELECT s.session INTO v_session FROM mcp_stream s
		JOIN mcp_session e ON e.id = s.session AND e.state = 1
		WHERE s.owner = p_owner AND s.kind = 3
		ORDER BY s.session LIMIT 1;
	IF v_session IS NOT NULL THEN
		SELECT COUNT(*) INTO v_n FROM mcp_session
			WHERE id = v_session AND state = 1 FOR UPDATE;
		IF v_n > 0 THEN
			SELECT COUNT(*) INTO v_n FROM mcp_stream
				WHERE session = v_session AND kind = 3
				AND owner = p_owner;
		END IF;
		IF v_n > 0 THEN
			CALL mcp_session_close(p_now, v_session, 1);
		END IF;
	ELSE
		FOR v IN (SELECT number FROM mcp_stream
			WHERE owner = p_owner ORDER BY number LIMIT p_limit) DO
			SET v_n = v_n + 1, v_session = NULL;
			SELECT session INTO v_session FROM mcp_stream
				WHERE number = v.number AND owner = p_owner
				FOR UPDATE;
			IF v_session IS NOT NULL THEN
				SET v_streams = CONCAT(v_streams, ',[',
					v.number, ',', v_session, ']');
				UPDATE mcp_stream SET owner = NULL
					WHERE number = v.number;
			END IF;
		END FOR;
		FOR v IN (SELECT number, session FROM JSON_TABLE(
			CONCAT('[', SUBSTR(v_streams, 2), ']'), '$[*]' COLUMNS(
			number bigint PATH '$[0]', session bigint PATH '$[1]')) l
			ORDER BY session % 256, number) DO
			CALL mcp_notice(p_now, v.session, v.number, 1, 0);
		END FOR;
		SET v_more = v_n >= p_limit;
	END IF;
	COMMIT;
	SELECT 0, v_more;
END;

-- Those between two names.
CREATE OR REPLACE PROCEDURE mcp_owners(IN p_low VARBINARY(320),
	IN p_high VARBINARY(320))
	SQL SECURITY INVOKER
BEGIN
	SELECT owner FROM mcp_stream WHERE owner >= p_low AND owner < p_high
	UNION SELECT owner FROM mcp_call
		WHERE state = 1 AND owner >= p_low AND owner < p_high;
END;

-- ---------------------------------------------------------------- topics

-- The id of a topic, which is made if it is missing, and stays as long as this
-- transaction: a part of other routines.
CREATE OR REPLACE PROCEDURE mcp_topic_keep(IN p_now bigint,
	IN p_name VARBINARY(2048), OUT p_id bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_has_digest integer DEFAULT 0;

	SELECT id, digest IS NOT NULL INTO p_id, v_has_digest FROM mcp_topic
		WHERE name = p_name;
	-- What has a digest is never swept.
	IF NOT v_has_digest THEN
		IF p_id IS NULL THEN
			INSERT IGNORE INTO mcp_topic(name, at)
				VALUES(p_name, p_now);
		END IF;
		SET p_id = (SELECT id FROM mcp_topic WHERE name = p_name
			LOCK IN SHARE MODE);
		IF p_id IS NULL THEN
			SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213,
				MESSAGE_TEXT = 'a topic was swept';
		END IF;
	END IF;
END;

-- p_digest: NULL to raise it whatever it is about.  Nearly always nothing is
-- new, and that takes no lock.
CREATE OR REPLACE PROCEDURE mcp_topic_raise(IN p_mark BINARY(16),
	IN p_now bigint, IN p_name VARBINARY(2048), IN p_digest BINARY(16))
	SQL SECURITY INVOKER
this: BEGIN
	DECLARE v_id bigint;
	DECLARE v_version bigint;
	DECLARE v_digest BINARY(16);
	DECLARE v_raised integer DEFAULT 0;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	SELECT id, version, digest INTO v_id, v_version, v_digest
		FROM mcp_topic WHERE name = p_name;
	IF v_digest = p_digest THEN
		SELECT 0, v_version, 0;
		LEAVE this;
	END IF;
	START TRANSACTION;
	IF v_id IS NULL THEN
		INSERT IGNORE INTO mcp_topic(name, at) VALUES(p_name, p_now);
	END IF;
	SET v_id = NULL;
	SELECT id, version, digest INTO v_id, v_version, v_digest
		FROM mcp_topic WHERE name = p_name FOR UPDATE;
	IF v_id IS NULL THEN
		SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213,
			MESSAGE_TEXT = 'a topic was swept';
	END IF;
	IF p_digest IS NOT NULL AND v_digest IS NULL THEN
		UPDATE mcp_topic SET digest = p_digest, at = p_now
			WHERE id = v_id;
		CALL mcp_done_put(p_mark, p_now, 0, v_version, 0, 0);
	ELSEIF p_digest IS NULL OR v_digest <> p_digest THEN
		SET v_raised = 1;
		UPDATE mcp_counter SET topic = LAST_INSERT_ID(topic + 1);
		SET v_version = LAST_INSERT_ID();
		UPDATE mcp_topic SET version = v_version, at = p_now,
			digest = COALESCE(p_digest, digest) WHERE id = v_id;
		CALL mcp_notice(p_now, 0, 0, 3, v_id);
		CALL mcp_done_put(p_mark, p_now, 0, v_version, 1, 0);
	END IF;
	COMMIT;
	SELECT 0, v_version, v_raised;
END;

-- p_names: a JSON array of names in hexadecimal digits.
CREATE OR REPLACE PROCEDURE mcp_topics_get(IN p_names LONGBLOB)
	SQL SECURITY INVOKER
BEGIN
	SELECT COALESCE(t.id, 0), COALESCE(t.version, 0)
		FROM JSON_TABLE(CONVERT(p_names USING utf8mb4), '$[*]' COLUMNS(
			place FOR ORDINALITY, name VARCHAR(4096) PATH '$')) n
		LEFT JOIN mcp_topic t ON t.name = UNHEX(n.name)
		ORDER BY n.place;
END;

CREATE OR REPLACE PROCEDURE mcp_topic_find(IN p_id bigint)
	SQL SECURITY INVOKER
BEGIN
	SELECT id, version, name FROM mcp_topic WHERE id = p_id;
END;

-- p_seen: negative for the present version of each.  Topics are locked in the
-- order of their names.
CREATE OR REPLACE PROCEDURE mcp_want_put(IN p_now bigint, IN p_session bigint,
	IN p_names LONGBLOB, IN p_seen bigint, IN p_max bigint)
	SQL SECURITY INVOKER
this: BEGIN
	DECLARE v_topic bigint;
	DECLARE v_n bigint;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	START TRANSACTION;
	IF (SELECT 1 FROM mcp_session WHERE id = p_session AND state = 1
		FOR UPDATE) IS NULL THEN
		COMMIT;
		SELECT 1;
		LEAVE this;
	END IF;
	FOR v IN (SELECT DISTINCT UNHEX(name) AS name
		FROM JSON_TABLE(CONVERT(p_names USING utf8mb4), '$[*]' COLUMNS(
			name VARCHAR(4096) PATH '$')) n ORDER BY 1) DO
		CALL mcp_topic_keep(p_now, v.name, v_topic);
		INSERT IGNORE INTO mcp_want(session, topic, seen)
			SELECT p_session, id, IF(p_seen < 0, version, p_seen)
			FROM mcp_topic WHERE id = v_topic;
	END FOR;
	SELECT COUNT(*) INTO v_n FROM mcp_want WHERE session = p_session;
	IF p_max > 0 AND v_n > p_max THEN
		ROLLBACK;
		SELECT 3;
		LEAVE this;
	END IF;
	COMMIT;
	SELECT 0;
END;

CREATE OR REPLACE PROCEDURE mcp_want_drop(IN p_session bigint,
	IN p_name VARBINARY(2048))
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_topic bigint;

	SELECT id INTO v_topic FROM mcp_topic WHERE name = p_name;
	DELETE FROM mcp_want WHERE session = p_session AND topic = v_topic;
	SELECT 0;
END;

CREATE OR REPLACE PROCEDURE mcp_wants_behind(IN p_session bigint)
	SQL SECURITY INVOKER
BEGIN
	SELECT t.id, t.version, t.name FROM mcp_want w
		JOIN mcp_topic t ON t.id = w.topic
		WHERE w.session = p_session AND w.seen < t.version
		ORDER BY t.version;
END;

-- p_owner: NULL for any; p_session: 0 for all.  Streams are locked first, then
-- wants, each in the order of their numbers: of two who tell the same version
-- the second finds it told.
CREATE OR REPLACE PROCEDURE mcp_topic_deliver(IN p_now bigint,
	IN p_name VARBINARY(2048), IN p_version bigint,
	IN p_owner VARBINARY(320), IN p_session bigint, IN p_data LONGBLOB,
	IN p_limit bigint, IN p_events bigint, IN p_bytes bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_topic bigint;
	DECLARE v_n bigint DEFAULT 0;
	DECLARE v_told bigint DEFAULT 0;
	DECLARE v_session bigint;
	DECLARE v_outcome integer;
	DECLARE v_seq bigint;
	DECLARE v_reader bigint;
	DECLARE v_list LONGTEXT DEFAULT '';
	DECLARE v_next LONGTEXT DEFAULT '';
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	START TRANSACTION;
	SELECT id INTO v_topic FROM mcp_topic WHERE name = p_name;
	FOR v IN (SELECT MIN(s.number) AS number
		FROM mcp_want w JOIN mcp_stream s ON s.session = w.session
		WHERE w.topic = v_topic AND w.seen < p_version
		AND s.is_open = 1 AND s.kind IN (2, 3)
		AND (p_session = 0 OR w.session = p_session)
		AND (p_owner IS NULL OR s.owner = p_owner)
		GROUP BY s.session ORDER BY s.session LIMIT p_limit) DO
		SET v_n = v_n + 1, v_list = CONCAT(v_list, ',', v.number);
	END FOR;
	FOR v IN (SELECT number FROM JSON_TABLE(
		CONCAT('[', SUBSTR(v_list, 2), ']'), '$[*]' COLUMNS(
			number bigint PATH '$')) l ORDER BY number) DO
		SET v_session = NULL;
		SELECT session INTO v_session FROM mcp_stream
			WHERE number = v.number AND is_open = 1 FOR UPDATE;
		IF v_session IS NOT NULL THEN
			SET v_next = CONCAT(v_next, ',[', v.number, ',',
				v_session, ']');
		END IF;
	END FOR;
	SET v_list = v_next, v_next = '';
	FOR v IN (SELECT number, session FROM JSON_TABLE(
		CONCAT('[', SUBSTR(v_list, 2), ']'), '$[*]' COLUMNS(
			number bigint PATH '$[0]', session bigint PATH '$[1]')) l
		ORDER BY session) DO
		UPDATE mcp_want SET seen = p_version WHERE topic = v_topic
			AND session = v.session AND seen < p_version;
		IF ROW_COUNT() > 0 THEN
			SET v_next = CONCAT(v_next, ',[', v.number, ',',
				v.session, ']');
		END IF;
	END FOR;
	FOR v IN (SELECT number, session FROM JSON_TABLE(
		CONCAT('[', SUBSTR(v_next, 2), ']'), '$[*]' COLUMNS(
			number bigint PATH '$[0]', session bigint PATH '$[1]')) l
		ORDER BY session % 256, session) DO
		CALL mcp_event_add(p_now, v.session, v.number, 0, p_data,
			p_events, p_bytes, v_outcome, v_seq, v_reader);
		IF v_outcome <> 0 THEN
			SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213,
				MESSAGE_TEXT = 'a stream changed';
		END IF;
		SET v_told = v_told + 1;
	END FOR;
	COMMIT;
	SELECT 0, v_told, v_n > 0 AND v_n >= p_limit;
END;
