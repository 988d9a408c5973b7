-- The event log, what is noticed in it, and topics.

-- ---------------------------------------------------------------- events

-- Drop events up to a number that is not beyond the head.  The stream's row is
-- locked.
CREATE OR REPLACE PROCEDURE mcp_event_purge(IN p_stream bigint,
	IN p_up_to bigint)
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
		SET v_bytes = v_bytes - COALESCE((SELECT LENGTH(data)
			FROM mcp_event
			WHERE stream = p_stream AND seq = v_up_to), 0);
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
this: BEGIN
	DECLARE v_kind integer DEFAULT 0;
	DECLARE v_is_open integer;
	DECLARE v_events bigint;
	DECLARE v_bytes bigint;
	DECLARE v_is_over integer;

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
		BEGIN
			DECLARE v_seq bigint DEFAULT (SELECT seq FROM mcp_event
				WHERE stream = p_stream AND writer_key = p_key);

			IF v_seq IS NOT NULL THEN
				SET p_outcome = 0, p_seq = v_seq;
				LEAVE this;
			END IF;
		END;
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
	IN p_kind integer, IN p_owner VARBINARY(320), OUT p_number bigint,
	OUT p_incarnation bigint)
BEGIN
	SELECT v INTO p_incarnation FROM mcp_meta WHERE k = 'incarnation';
	INSERT INTO mcp_stream(session, kind, incarnation, created, changed,
		owner) VALUES(p_session, p_kind, p_incarnation, p_now, p_now,
		p_owner);
	SET p_number = LAST_INSERT_ID();
END;

-- No more comes: a part of other routines.
CREATE OR REPLACE PROCEDURE mcp_stream_close(IN p_now bigint,
	IN p_stream bigint)
BEGIN
	UPDATE mcp_stream SET is_open = 0, changed = p_now, closed = p_now
		WHERE number = p_stream AND is_open = 1;
END;
