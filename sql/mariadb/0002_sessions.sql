-- Sessions, what the store knows of itself, and what is swept.
--
-- A statement that reads in order to change (DELETE, SET, IF) would lock what
-- its subqueries read: those read by SELECT ... INTO, or by a loop.

-- Live sessions that may be forgotten: nobody reads a stream of it, nothing
-- runs for it and nobody was asked.  What is found here must be locked and
-- looked for once more: who begins to use a session locks its row first.
CREATE OR REPLACE SQL SECURITY INVOKER VIEW mcp_unused AS
	SELECT e.id, e.sid, e.principal, e.created, e.touched, e.state
	FROM mcp_session e WHERE e.state = 1
	AND NOT EXISTS(SELECT 1 FROM mcp_stream x
		WHERE x.session = e.id AND x.owner IS NOT NULL)
	AND NOT EXISTS(SELECT 1 FROM mcp_call x
		WHERE x.session = e.id AND x.session <> 0 AND x.state = 1)
	AND NOT EXISTS(SELECT 1 FROM mcp_question x
		WHERE x.session = e.id AND x.state = 1);

-- ------------------------------------------------- parts of other routines

-- A session whose row the caller has locked loses everything but its row.
-- Three parts, to be called in this order, with the row as it was.

-- What runs for it is told to stop, the rest goes.
CREATE OR REPLACE PROCEDURE mcp_drop(IN p_session bigint)
	SQL SECURITY INVOKER
BEGIN
	UPDATE mcp_call SET is_cancelled = 1
		WHERE session = p_session AND session <> 0 AND state = 1;
	DELETE FROM mcp_question WHERE session = p_session;
	DELETE FROM mcp_cancel WHERE session = p_session;
	FOR v IN (SELECT number FROM mcp_stream WHERE session = p_session
			ORDER BY number) DO
		-- Whoever appends has the row of the stream.
		DELETE FROM mcp_stream WHERE number = v.number;
		DELETE FROM mcp_event WHERE stream = v.number;
	END FOR;
	DELETE FROM mcp_want WHERE session = p_session;
END;

-- Copies of its row are out of date.
CREATE OR REPLACE PROCEDURE mcp_drop_rev(IN p_session bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_shard integer;
	DECLARE v_live integer;

	SELECT ASCII(sid), state = 1 INTO v_shard, v_live
		FROM mcp_session WHERE id = p_session;
	UPDATE mcp_rev SET rev = rev + 1, live = live - v_live
		WHERE shard = v_shard;
END;

-- Who waits for it hears of it, if it was live.
CREATE OR REPLACE PROCEDURE mcp_drop_notice(IN p_now bigint,
	IN p_session bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_live integer DEFAULT 0;

	SELECT state = 1 INTO v_live FROM mcp_session WHERE id = p_session;
	IF v_live THEN
		FOR v IN (SELECT number, stream FROM mcp_call
				WHERE session = p_session AND session <> 0
				AND state = 1 ORDER BY number) DO
			CALL mcp_notice(p_now, p_session, v.stream, 4,
				v.number);
		END FOR;
		CALL mcp_notice(p_now, p_session, 0, 2, 0);
	END IF;
END;

-- A live session, locked by the caller, ends.
CREATE OR REPLACE PROCEDURE mcp_session_close(IN p_now bigint,
	IN p_session bigint, IN p_why bigint)
	SQL SECURITY INVOKER
BEGIN
	CALL mcp_drop(p_session);
	CALL mcp_drop_rev(p_session);
	CALL mcp_drop_notice(p_now, p_session);
	UPDATE mcp_session SET state = 2, why = p_why, touched = p_now,
		transport = 0, caps = 0, log_level = -1, initialized = 0,
		lists = 0, revision = NULL, principal_name = NULL,
		client = NULL
		WHERE id = p_session;
END;

-- --------------------------------------------------------------- sessions

-- Always one row: incarnation and revision, and the session if it is there.
CREATE OR REPLACE PROCEDURE mcp_session_get(IN p_shard bigint,
	IN p_sid BINARY(16), IN p_principal BINARY(16), IN p_created bigint)
	SQL SECURITY INVOKER
BEGIN
	SELECT m.v, r.rev, s.id, s.sid, s.principal, s.created, s.incarnation,
		s.state, s.why, s.transport, s.caps, s.log_level,
		s.initialized, s.lists, s.touched, s.revision,
		s.principal_name, s.client
		FROM mcp_meta m
		LEFT JOIN mcp_rev r ON r.shard = p_shard
		LEFT JOIN mcp_session s ON s.sid = p_sid
			AND s.principal = p_principal AND s.created = p_created
		WHERE m.k = 'incarnation';
END;

-- The least recently touched that may go, locked; only of this principal,
-- unless it is NULL.  It is looked for without locks, which one index would
-- take in another order than the next.
CREATE OR REPLACE PROCEDURE mcp_session_spare(IN p_principal BINARY(16),
	IN p_idle_before bigint, OUT p_id bigint)
	SQL SECURITY INVOKER
this: BEGIN
	DECLARE v_id bigint;

	FOR c IN (SELECT id FROM (SELECT id FROM mcp_unused
				WHERE p_principal IS NULL AND state = 1
				AND touched < p_idle_before
				ORDER BY touched, id LIMIT 20) a
			UNION ALL SELECT id FROM (SELECT id FROM mcp_unused
				WHERE principal = p_principal AND state = 1
				AND touched < p_idle_before
				ORDER BY touched, id LIMIT 20) o) DO
		SET v_id = NULL;
		SELECT id INTO v_id FROM mcp_session
			WHERE id = c.id FOR UPDATE SKIP LOCKED;
		SELECT id INTO p_id FROM mcp_unused
			WHERE id = v_id AND touched < p_idle_before;
		IF p_id IS NOT NULL THEN
			LEAVE this;
		END IF;
	END FOR;
END;

CREATE OR REPLACE PROCEDURE mcp_session_put(IN p_mark BINARY(16),
	IN p_now bigint, IN p_sid BINARY(16), IN p_principal BINARY(16),
	IN p_created bigint, IN p_incarnation bigint, IN p_transport bigint,
	IN p_caps bigint, IN p_log_level bigint, IN p_initialized bigint,
	IN p_touched bigint, IN p_revision VARBINARY(64),
	IN p_principal_name LONGBLOB, IN p_client LONGBLOB, IN p_total bigint,
	IN p_per_principal bigint, IN p_idle_before bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_outcome integer DEFAULT 0;
	DECLARE v_id bigint DEFAULT 0;
	DECLARE v_there bigint;
	DECLARE v_spare bigint;
	DECLARE v_topic bigint;
	DECLARE v_n bigint;
	DECLARE v_full integer DEFAULT 0;
	DECLARE v_whose BINARY(16);
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	START TRANSACTION;
	SELECT id INTO v_there FROM mcp_session WHERE sid = p_sid;
	IF v_there IS NOT NULL THEN
		SET v_outcome = 2;
	END IF;
	IF v_outcome = 0 AND p_per_principal > 0 THEN
		SELECT count(*) INTO v_n FROM (SELECT 1 FROM mcp_session
			WHERE principal = p_principal AND state = 1
			LIMIT p_per_principal) n;
		-- Who meets both caps forgets a row of its own, which makes
		-- room for both.
		IF v_n >= p_per_principal THEN
			SET v_full = 1;
			SET v_whose = p_principal;
		END IF;
	END IF;
	IF v_outcome = 0 AND v_full = 0 AND p_total > 0 THEN
		SELECT sum(live) INTO v_n FROM mcp_rev;
		SET v_full = v_n >= p_total;
	END IF;
	IF v_full THEN
		CALL mcp_session_spare(v_whose, p_idle_before, v_spare);
		IF v_spare IS NULL THEN
			SET v_outcome = 3;
		END IF;
	END IF;
	IF v_outcome = 0 THEN
		SELECT topic INTO v_topic FROM mcp_counter;
		BEGIN
			DECLARE EXIT HANDLER FOR 1062 SET v_outcome = 2;

			INSERT INTO mcp_session(sid, principal, created,
				incarnation, transport, caps, log_level,
				initialized, lists, touched, revision,
				principal_name, client)
				VALUES(p_sid, p_principal, p_created,
				p_incarnation, p_transport, p_caps,
				p_log_level, p_initialized, v_topic, p_touched,
				p_revision, p_principal_name, p_client);
			SET v_id = LAST_INSERT_ID();
		END;
	END IF;
	IF v_outcome = 0 AND v_spare IS NOT NULL THEN
		CALL mcp_drop(v_spare);
		SELECT ASCII(sid) INTO v_n FROM mcp_session WHERE id = v_spare;
		SELECT count(rev) INTO v_there FROM mcp_rev
			WHERE shard IN (ASCII(p_sid), v_n)
			ORDER BY shard FOR UPDATE;
		CALL mcp_drop_rev(v_spare);
	END IF;
	IF v_outcome = 0 THEN
		UPDATE mcp_rev SET live = live + 1 WHERE shard = ASCII(p_sid);
	END IF;
	IF v_outcome = 0 AND v_spare IS NOT NULL THEN
		CALL mcp_drop_notice(p_now, v_spare);
		DELETE FROM mcp_session WHERE id = v_spare;
	END IF;
	IF v_outcome = 0 THEN
		CALL mcp_done_put(p_mark, p_now, 0, v_id, 0, 0);
		COMMIT;
	ELSE
		ROLLBACK;
	END IF;
	SELECT v_outcome AS outcome, v_id AS id;
END;

-- column: 0 initialized, 1 touched, 2 log_level.
CREATE OR REPLACE PROCEDURE mcp_session_set(IN p_session bigint,
	IN p_column bigint, IN p_number bigint, IN p_relaxed bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_shard integer;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	START TRANSACTION;
	SELECT ASCII(sid) INTO v_shard FROM mcp_session
		WHERE id = p_session AND state = 1 FOR UPDATE;
	IF v_shard IS NOT NULL THEN
		IF p_column = 1 THEN
			UPDATE mcp_session SET touched = p_number
				WHERE id = p_session;
		ELSEIF p_column = 0 THEN
			UPDATE mcp_session SET initialized = 1
				WHERE id = p_session;
		ELSE
			UPDATE mcp_session SET log_level = p_number
				WHERE id = p_session;
		END IF;
		IF p_column <> 1 THEN
			UPDATE mcp_rev SET rev = rev + 1 WHERE shard = v_shard;
		END IF;
	END IF;
	COMMIT;
	SELECT IF(v_shard IS NULL, 1, 0) AS outcome;
END;

CREATE OR REPLACE PROCEDURE mcp_session_negotiate(IN p_mark BINARY(16),
	IN p_now bigint, IN p_session bigint, IN p_revision VARBINARY(64),
	IN p_caps bigint, IN p_client LONGBLOB)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_outcome integer DEFAULT 0;
	DECLARE v_shard integer;
	DECLARE v_has integer;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	START TRANSACTION;
	SELECT ASCII(sid), revision IS NOT NULL INTO v_shard, v_has
		FROM mcp_session WHERE id = p_session AND state = 1 FOR UPDATE;
	IF v_shard IS NULL THEN
		SET v_outcome = 1;
	ELSEIF v_has THEN
		SET v_outcome = 2;
	ELSE
		UPDATE mcp_session SET revision = p_revision, caps = p_caps,
			client = p_client WHERE id = p_session;
		UPDATE mcp_rev SET rev = rev + 1 WHERE shard = v_shard;
		CALL mcp_done_put(p_mark, p_now, 0, 0, 0, 0);
	END IF;
	COMMIT;
	SELECT v_outcome AS outcome;
END;

CREATE OR REPLACE PROCEDURE mcp_session_end(IN p_mark BINARY(16),
	IN p_now bigint, IN p_sid BINARY(16), IN p_principal BINARY(16),
	IN p_created bigint, IN p_why bigint, IN p_incarnation bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_outcome integer DEFAULT 0;
	DECLARE v_id bigint;
	DECLARE v_is_it integer;
	DECLARE v_state integer;
	DECLARE v_is_new integer DEFAULT 0;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	START TRANSACTION;
	WHILE v_id IS NULL AND v_is_new = 0 DO
		SELECT id, principal = p_principal AND created = p_created,
			state INTO v_id, v_is_it, v_state FROM mcp_session
			WHERE sid = p_sid FOR UPDATE;
		IF v_id IS NULL THEN
			BEGIN
				-- It came meanwhile.
				DECLARE EXIT HANDLER FOR 1062 SET v_is_new = 0;

				SET v_is_new = 1;
				INSERT INTO mcp_session(sid, principal, created,
					why, touched, incarnation, state)
					VALUES(p_sid, p_principal, p_created,
					p_why, p_now, p_incarnation, 2);
			END;
		END IF;
	END WHILE;
	IF v_is_new THEN
		UPDATE mcp_rev SET rev = rev + 1 WHERE shard = ASCII(p_sid);
	ELSEIF NOT v_is_it THEN
		SET v_outcome = 1;
	ELSEIF v_state <> 1 THEN
		SET v_outcome = 2;
	ELSE
		CALL mcp_session_close(p_now, v_id, p_why);
	END IF;
	IF v_outcome = 0 THEN
		CALL mcp_done_put(p_mark, p_now, 0, 0, 0, 0);
	END IF;
	COMMIT;
	SELECT v_outcome AS outcome;
END;

-- id, state: 0 for any; sid, principal_name: NULL for any.
CREATE OR REPLACE PROCEDURE mcp_session_list(IN p_id bigint,
	IN p_sid BINARY(16), IN p_state bigint, IN p_principal_name LONGBLOB,
	IN p_after bigint, IN p_limit bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_from bigint DEFAULT greatest(p_after, p_id - 1);
	DECLARE v_to bigint DEFAULT IF(p_id = 0, 9223372036854775807, p_id);
	DECLARE v_id bigint DEFAULT 0;

	IF p_sid IS NOT NULL THEN
		SELECT id INTO v_id FROM mcp_session WHERE sid = p_sid;
		SET v_from = greatest(v_from, v_id - 1);
		SET v_to = least(v_to, v_id);
	END IF;
	SELECT id, sid, principal, created, incarnation, state, why, transport,
		caps, log_level, initialized, lists, touched, revision,
		principal_name, client
		FROM mcp_session
		WHERE id > v_from AND id <= v_to
		AND (p_state = 0 OR state = p_state)
		AND (p_principal_name IS NULL
			OR principal_name = p_principal_name)
		ORDER BY id LIMIT p_limit;
END;

-- ----------------------------------------------------------------- upkeep

CREATE OR REPLACE PROCEDURE mcp_info()
	SQL SECURITY INVOKER
BEGIN
	SELECT (SELECT v FROM mcp_meta WHERE k = 'incarnation'),
		(SELECT v FROM mcp_meta WHERE k = 'schema'),
		(SELECT v FROM mcp_meta WHERE k = 'oldest_program'),
		CAST(coalesce(sum(state = 1), 0) AS integer),
		CAST(coalesce(sum(state = 2), 0) AS integer) FROM mcp_session;
END;

CREATE OR REPLACE PROCEDURE mcp_keys()
	SQL SECURITY INVOKER
BEGIN
	SELECT id, secret, created, mint_from, end_at FROM mcp_cluster_key
		ORDER BY id LIMIT 8;
END;

-- One at a time, so that there are never more than may be.  Those that ended
-- before p_over_before go.
CREATE OR REPLACE PROCEDURE mcp_key_add(IN p_mark BINARY(16), IN p_now bigint,
	IN p_id bigint, IN p_secret VARBINARY(32), IN p_created bigint,
	IN p_mint_from bigint, IN p_end bigint, IN p_over_before bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_outcome integer DEFAULT 0;
	DECLARE v_n bigint;
	DECLARE v_there bigint;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	START TRANSACTION;
	SELECT v INTO v_n FROM mcp_meta WHERE k = 'schema' FOR UPDATE;
	SELECT count(*), coalesce(sum(id = p_id), 0) INTO v_n, v_there
		FROM mcp_cluster_key
		WHERE end_at = 0 OR end_at >= p_over_before;
	IF v_there > 0 THEN
		SET v_outcome = 2;
	ELSEIF v_n >= 8 THEN
		SET v_outcome = 3;
	ELSE
		DELETE FROM mcp_cluster_key
			WHERE end_at > 0 AND end_at < p_over_before;
		INSERT INTO mcp_cluster_key(id, secret, created, mint_from,
			end_at)
			VALUES(p_id, p_secret, p_created, p_mint_from, p_end);
		CALL mcp_done_put(p_mark, p_now, 0, 0, 0, 0);
	END IF;
	COMMIT;
	SELECT v_outcome AS outcome;
END;

CREATE OR REPLACE PROCEDURE mcp_key_end(IN p_id bigint, IN p_end bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_id bigint;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	START TRANSACTION;
	SELECT id INTO v_id FROM mcp_cluster_key WHERE id = p_id FOR UPDATE;
	UPDATE mcp_cluster_key SET end_at = p_end WHERE id = p_id;
	COMMIT;
	SELECT IF(v_id IS NULL, 1, 0) AS outcome;
END;

CREATE OR REPLACE PROCEDURE mcp_revs()
	SQL SECURITY INVOKER
BEGIN
	SELECT r.shard, r.rev, m.v FROM mcp_rev r, mcp_meta m
		WHERE m.k = 'incarnation';
END;

-- What was committed may be lost, and its numbers given away again: nothing
-- more is written to streams of before, who ran a call may not write for it,
-- and everybody has missed something.
CREATE OR REPLACE PROCEDURE mcp_renew(IN p_mark BINARY(16), IN p_now bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	START TRANSACTION;
	-- Not one that the store had after the backup that this may be.
	UPDATE mcp_meta SET v = v + 1 + FLOOR(RAND() * 65536)
		WHERE k = 'incarnation';
	FOR v IN (SELECT number FROM mcp_call WHERE state = 1
			ORDER BY number) DO
		UPDATE mcp_call SET epoch = epoch + 1
			WHERE number = v.number AND state = 1;
	END FOR;
	FOR v IN (SELECT number FROM mcp_stream WHERE is_open = 1
			ORDER BY number) DO
		UPDATE mcp_stream SET is_open = 0, closed = p_now,
			changed = p_now
			WHERE number = v.number AND is_open = 1;
	END FOR;
	-- In the order of the key.
	UPDATE mcp_chg SET purged = ver + 1, ver = ver + 1;
	CALL mcp_done_put(p_mark, p_now, 0, 0, 0, 0);
	COMMIT;
	SELECT 0 AS outcome;
END;

CREATE OR REPLACE PROCEDURE mcp_host_beat(IN p_now bigint,
	IN p_name VARBINARY(255), IN p_relaxed bigint)
	SQL SECURITY INVOKER
BEGIN
	INSERT INTO mcp_host(name, beat, at) VALUES(p_name, 1, p_now)
		ON DUPLICATE KEY UPDATE beat = beat + 1, at = p_now;
	SELECT 0 AS outcome;
END;

CREATE OR REPLACE PROCEDURE mcp_host_drain(IN p_now bigint,
	IN p_name VARBINARY(255), IN p_is_draining bigint)
	SQL SECURITY INVOKER
BEGIN
	INSERT INTO mcp_host(name, is_draining, at)
		VALUES(p_name, p_is_draining, p_now)
		ON DUPLICATE KEY UPDATE is_draining = p_is_draining;
	SELECT 0 AS outcome;
END;

CREATE OR REPLACE PROCEDURE mcp_hosts()
	SQL SECURITY INVOKER
BEGIN
	SELECT name, beat, at, is_draining FROM mcp_host ORDER BY name;
END;

CREATE OR REPLACE PROCEDURE mcp_nonce_use(IN p_mark BINARY(16),
	IN p_now bigint, IN p_nonce BINARY(16), IN p_end bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_outcome integer DEFAULT 0;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	START TRANSACTION;
	BEGIN
		DECLARE EXIT HANDLER FOR 1062 SET v_outcome = 2;

		INSERT INTO mcp_nonce(nonce, end_at) VALUES(p_nonce, p_end);
	END;
	IF v_outcome = 0 THEN
		CALL mcp_done_put(p_mark, p_now, 0, 0, 0, 0);
	END IF;
	COMMIT;
	SELECT v_outcome AS outcome;
END;
