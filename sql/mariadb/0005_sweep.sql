-- What is swept, and what is always true.
--
-- Any host sweeps at any time: rows that others hold are left for the next
-- time, and nothing is waited for but the rows of what goes.

-- Sessions that are too old, and idle ones: until p_limit rows are spent, their
-- streams and events counted; the last one may take more.  Each is a
-- transaction of its own.
CREATE OR REPLACE PROCEDURE mcp_sweep_sessions(IN p_now bigint,
	IN p_created_before bigint, IN p_idle_before bigint, IN p_limit bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_id bigint;
	DECLARE v_sure bigint;
	DECLARE v_removed bigint DEFAULT 0;
	DECLARE v_forgotten bigint DEFAULT 0;
	DECLARE v_spent bigint DEFAULT 0;
	DECLARE v_rows bigint;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	-- Looked for without locks, which one index would take in another order
	-- than the next.
	FOR c IN (SELECT id, is_old FROM (SELECT id, 1 AS is_old
				FROM mcp_session
				WHERE created < p_created_before
				ORDER BY created LIMIT p_limit) o
			UNION ALL SELECT id, is_old FROM (SELECT id, 0 AS is_old
				FROM mcp_unused WHERE state = 1
				AND touched < p_idle_before
				AND created >= p_created_before
				ORDER BY touched, id LIMIT p_limit) i) DO
		IF v_spent < p_limit THEN
			START TRANSACTION;
			SET v_id = NULL, v_sure = NULL;
			SELECT id INTO v_id FROM mcp_session
				WHERE id = c.id FOR UPDATE SKIP LOCKED;
			IF c.is_old THEN
				SET v_sure = v_id;
			ELSE
				SELECT id INTO v_sure FROM mcp_unused
					WHERE id = v_id
					AND touched < p_idle_before;
			END IF;
			IF v_sure IS NOT NULL THEN
				SELECT 1 + coalesce(sum(1 + head - purged), 0)
					INTO v_rows FROM mcp_stream
					WHERE session = v_id;
				CALL mcp_drop(v_id);
				CALL mcp_drop_rev(v_id);
				CALL mcp_drop_notice(p_now, v_id);
				DELETE FROM mcp_session WHERE id = v_id;
				SET v_spent = v_spent + v_rows;
				SET v_removed = v_removed + c.is_old;
				SET v_forgotten = v_forgotten + 1 - c.is_old;
			END IF;
			COMMIT;
		END IF;
	END FOR;
	SELECT 0 AS outcome, v_removed AS removed, v_forgotten AS forgotten,
		v_spent AS spent;
END;

-- Of a stream that the caller has locked, events up to this one; how many.
CREATE OR REPLACE PROCEDURE mcp_sweep_purge(IN p_stream bigint,
	IN p_up_to bigint, OUT p_n bigint)
	SQL SECURITY INVOKER
BEGIN
	SELECT count(*) INTO p_n FROM mcp_event
		WHERE stream = p_stream AND seq <= p_up_to;
	IF p_n > 0 THEN
		CALL mcp_event_purge(p_stream, p_up_to);
	END IF;
END;

-- Closed streams that were sent to their end, or are very old: first the
-- events, as many as may go, then the stream.
CREATE OR REPLACE PROCEDURE mcp_sweep_streams(IN p_sent_before bigint,
	IN p_unsent_before bigint, IN p_limit bigint, IN p_relaxed bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_left bigint DEFAULT p_limit;
	DECLARE v_n bigint;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	START TRANSACTION;
	FOR v IN (SELECT number, head, purged FROM mcp_stream
			WHERE closed < greatest(p_sent_before, p_unsent_before)
			AND is_open = 0 AND (closed < p_unsent_before
			OR (closed < p_sent_before AND sent >= head))
			ORDER BY closed LIMIT p_limit
			FOR UPDATE SKIP LOCKED) DO
		IF v_left > 0 THEN
			CALL mcp_sweep_purge(v.number,
				least(v.head, v.purged + v_left), v_n);
			SET v_left = v_left - v_n;
		END IF;
		IF v_left > 0 THEN
			DELETE FROM mcp_stream WHERE number = v.number;
			SET v_left = v_left - 1;
		END IF;
	END FOR;
	COMMIT;
	SELECT 0 AS outcome, p_limit - v_left AS gone;
END;

-- Old events of streams without a running call or an open question.  Of each
-- shard all before the first young one are old, and they are walked in the
-- order of their numbers, which is that of each stream.
CREATE OR REPLACE PROCEDURE mcp_sweep_events(IN p_before bigint,
	IN p_limit bigint, IN p_relaxed bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_left bigint DEFAULT p_limit;
	DECLARE v_young bigint;
	DECLARE v_stream bigint;
	DECLARE v_n bigint;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	START TRANSACTION;
	FOR c IN (SELECT shard FROM mcp_chg c WHERE (SELECT e.at
			FROM mcp_event e WHERE e.shard = c.shard
			ORDER BY e.ver LIMIT 1) < p_before) DO
		SET v_young = 9223372036854775807;
		SELECT ver INTO v_young FROM mcp_event
			WHERE shard = c.shard AND at >= p_before
			ORDER BY ver LIMIT 1;
		FOR v IN (SELECT stream, max(seq) AS seq FROM (
				SELECT e.stream, e.seq FROM mcp_event e
				WHERE e.shard = c.shard AND e.ver < v_young
				AND NOT EXISTS(SELECT 1 FROM mcp_call x
					WHERE x.stream = e.stream
					AND x.state = 1)
				AND NOT EXISTS(SELECT 1 FROM mcp_question x
					WHERE x.stream = e.stream
					AND x.state = 1)
				ORDER BY e.ver LIMIT v_left) old
				GROUP BY stream ORDER BY stream) DO
			SET v_stream = NULL;
			SELECT number INTO v_stream FROM mcp_stream
				WHERE number = v.stream FOR UPDATE SKIP LOCKED;
			IF v_stream IS NOT NULL THEN
				CALL mcp_sweep_purge(v_stream, v.seq, v_n);
				SET v_left = v_left - v_n;
			END IF;
		END FOR;
	END FOR;
	COMMIT;
	SELECT 0 AS outcome, p_limit - v_left AS gone;
END;

-- One task whose time is over; who still works on it is told to stop.
CREATE OR REPLACE PROCEDURE mcp_sweep_task(IN p_now bigint, IN p_task bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_call bigint;
	DECLARE v_session bigint;
	DECLARE v_stream bigint;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	START TRANSACTION;
	SELECT call_number INTO v_call FROM mcp_task WHERE number = p_task;
	SELECT session, stream INTO v_session, v_stream FROM mcp_call
		WHERE number = v_call AND state = 1 AND is_cancelled = 0
		FOR UPDATE;
	IF v_session IS NOT NULL THEN
		UPDATE mcp_call SET is_cancelled = 1 WHERE number = v_call;
	END IF;
	DELETE FROM mcp_task WHERE number = p_task;
	IF v_session IS NOT NULL THEN
		CALL mcp_notice(p_now, v_session, v_stream, 4, v_call);
	END IF;
	COMMIT;
END;

-- Tasks whose time is over, wishes to cancel what never came, and calls for
-- whose response nobody can ask: they are old, and have no stream of their own
-- any more and no task.
CREATE OR REPLACE PROCEDURE mcp_sweep_calls(IN p_now bigint,
	IN p_calls_before bigint, IN p_cancels_before bigint, IN p_limit bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_left bigint DEFAULT p_limit;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	FOR v IN (SELECT number FROM mcp_task WHERE end_at <= p_now
			ORDER BY end_at LIMIT p_limit) DO
		CALL mcp_sweep_task(p_now, v.number);
		SET v_left = v_left - 1;
	END FOR;
	START TRANSACTION;
	FOR v IN (SELECT c.number FROM mcp_call c WHERE c.state = 2
			AND c.ended < p_calls_before
			AND NOT EXISTS(SELECT 1 FROM mcp_stream s
				WHERE s.number = c.stream AND s.kind = 1)
			AND NOT EXISTS(SELECT 1 FROM mcp_task t
				WHERE t.number = c.task)
			ORDER BY c.ended LIMIT v_left
			FOR UPDATE SKIP LOCKED) DO
		DELETE FROM mcp_question WHERE call_number = v.number;
		DELETE FROM mcp_call WHERE number = v.number;
		SET v_left = v_left - 1;
	END FOR;
	FOR v IN (SELECT session, request_id FROM mcp_cancel
			WHERE at < p_cancels_before ORDER BY at LIMIT v_left
			FOR UPDATE SKIP LOCKED) DO
		DELETE FROM mcp_cancel WHERE session = v.session
			AND request_id = v.request_id;
		SET v_left = v_left - 1;
	END FOR;
	COMMIT;
	SELECT 0 AS outcome, p_limit - v_left AS gone;
END;

-- Signals of a shard go from the old end, and the shard says so; who has not
-- looked for so long must look at everything.
CREATE OR REPLACE PROCEDURE mcp_sweep_signals(IN p_before bigint,
	IN p_limit bigint, OUT p_gone bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_left bigint DEFAULT p_limit;
	DECLARE v_shard integer;
	DECLARE v_young bigint;
	DECLARE v_up_to bigint;
	DECLARE v_n bigint;

	FOR c IN (SELECT shard FROM mcp_chg c WHERE (SELECT g.at
			FROM mcp_signal g WHERE g.shard = c.shard
			ORDER BY g.ver LIMIT 1) < p_before
			ORDER BY shard) DO
		SET v_shard = NULL, v_n = 0;
		IF v_left > 0 THEN
			SELECT shard INTO v_shard FROM mcp_chg
				WHERE shard = c.shard FOR UPDATE SKIP LOCKED;
		END IF;
		IF v_shard IS NOT NULL THEN
			SET v_young = 9223372036854775807;
			SELECT ver INTO v_young FROM mcp_signal
				WHERE shard = v_shard AND at >= p_before
				ORDER BY ver LIMIT 1;
			SELECT max(ver), count(*) INTO v_up_to, v_n FROM (
				SELECT ver FROM mcp_signal
				WHERE shard = v_shard AND ver < v_young
				ORDER BY ver LIMIT v_left) old;
		END IF;
		IF v_n > 0 THEN
			DELETE FROM mcp_signal
				WHERE shard = v_shard AND ver <= v_up_to;
			UPDATE mcp_chg SET purged = greatest(purged, v_up_to)
				WHERE shard = v_shard;
			SET v_left = v_left - v_n;
		END IF;
	END FOR;
	SET p_gone = p_limit - v_left;
END;

-- The rest.  gone: rows of what the store is for; spent: others as well, which
-- only hosts and marks of attempts are.
CREATE OR REPLACE PROCEDURE mcp_sweep_rest(IN p_nonces_before bigint,
	IN p_signals_before bigint, IN p_topics_before bigint,
	IN p_done_before bigint, IN p_hosts_before bigint, IN p_limit bigint,
	IN p_relaxed bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_left bigint DEFAULT p_limit;
	DECLARE v_gone bigint;
	DECLARE v_n bigint;
	DECLARE EXIT HANDLER FOR SQLEXCEPTION
	BEGIN
		ROLLBACK;
		RESIGNAL;
	END;

	START TRANSACTION;
	FOR v IN (SELECT id FROM mcp_topic t
			WHERE digest IS NULL AND at < p_topics_before
			AND NOT EXISTS(SELECT 1 FROM mcp_want w
				WHERE w.topic = t.id)
			LIMIT v_left FOR UPDATE SKIP LOCKED) DO
		-- Who begins to want one has its row.
		SELECT count(*) INTO v_n FROM mcp_want WHERE topic = v.id;
		IF v_n = 0 THEN
			DELETE FROM mcp_topic WHERE id = v.id;
			SET v_left = v_left - 1;
		END IF;
	END FOR;
	FOR v IN (SELECT nonce FROM mcp_nonce WHERE end_at < p_nonces_before
			LIMIT v_left FOR UPDATE SKIP LOCKED) DO
		DELETE FROM mcp_nonce WHERE nonce = v.nonce;
		SET v_left = v_left - 1;
	END FOR;
	SET v_gone = p_limit - v_left;
	FOR v IN (SELECT mark FROM mcp_done WHERE at < p_done_before
			LIMIT v_left FOR UPDATE SKIP LOCKED) DO
		DELETE FROM mcp_done WHERE mark = v.mark;
		SET v_left = v_left - 1;
	END FOR;
	FOR v IN (SELECT name FROM mcp_host h WHERE at < p_hosts_before
			AND NOT EXISTS(SELECT 1 FROM mcp_stream s
				WHERE s.owner >= concat(h.name, '.')
				AND s.owner < concat(h.name, '/'))
			AND NOT EXISTS(SELECT 1 FROM mcp_call c
				WHERE c.state = 1
				AND c.owner >= concat(h.name, '.')
				AND c.owner < concat(h.name, '/'))
			LIMIT v_left FOR UPDATE SKIP LOCKED) DO
		DELETE FROM mcp_host WHERE name = v.name;
		SET v_left = v_left - 1;
	END FOR;
	CALL mcp_sweep_signals(p_signals_before, v_left, v_n);
	COMMIT;
	SELECT 0 AS outcome, v_gone + v_n AS gone,
		p_limit - v_left + v_n AS spent;
END;

-- Laws that are broken, by their numbers.
CREATE OR REPLACE PROCEDURE mcp_check()
	SQL SECURITY INVOKER
BEGIN
	SELECT 1 AS broken FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_rev r LEFT JOIN (
		SELECT ASCII(sid) AS shard, count(*) AS n
		FROM mcp_session WHERE state = 1 GROUP BY 1) s
		ON s.shard = r.shard WHERE coalesce(s.n, 0) <> r.live)
	UNION ALL SELECT 2 FROM DUAL WHERE (SELECT count(*) FROM mcp_rev
		WHERE shard BETWEEN 0 AND 255 AND rev >= 0) <> 256
	UNION ALL SELECT 3 FROM DUAL WHERE (SELECT count(*) FROM mcp_meta WHERE k IN
		('schema', 'oldest_program', 'incarnation', 'timeline')) <> 4
	UNION ALL SELECT 4 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_session
		WHERE state = 2 AND (why = 0 OR caps <> 0 OR initialized <> 0
		OR log_level <> -1 OR revision IS NOT NULL
		OR principal_name IS NOT NULL OR client IS NOT NULL))
	UNION ALL SELECT 5 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_session
		WHERE state = 1 AND why <> 0)
	UNION ALL SELECT 6 FROM DUAL WHERE (SELECT count(*) FROM mcp_cluster_key) > 8
	-- Nothing is without that which it belongs to.
	UNION ALL SELECT 20 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_stream x
		WHERE NOT EXISTS(SELECT 1 FROM mcp_session s
		WHERE s.id = x.session AND s.state = 1))
	UNION ALL SELECT 21 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_event e
		LEFT JOIN mcp_stream s ON s.number = e.stream
		WHERE s.session IS NULL OR s.session <> e.session
		OR e.shard <> e.session % 256)
	UNION ALL SELECT 22 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_want x
		WHERE NOT EXISTS(SELECT 1 FROM mcp_session s
		WHERE s.id = x.session AND s.state = 1))
	UNION ALL SELECT 23 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_want w
		WHERE NOT EXISTS(SELECT 1 FROM mcp_topic t
		WHERE t.id = w.topic))
	UNION ALL SELECT 24 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_question x
		WHERE x.session <> 0 AND NOT EXISTS(SELECT 1 FROM mcp_session s
		WHERE s.id = x.session AND s.state = 1))
	UNION ALL SELECT 25 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_cancel x
		WHERE NOT EXISTS(SELECT 1 FROM mcp_session s
		WHERE s.id = x.session AND s.state = 1))
	UNION ALL SELECT 26 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_call x
		WHERE x.state = 1 AND x.session <> 0 AND x.is_cancelled = 0
		AND NOT EXISTS(SELECT 1 FROM mcp_session s
		WHERE s.id = x.session AND s.state = 1))
	-- Events purged + 1 ... head are there, without a gap.
	UNION ALL SELECT 30 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_stream s
		LEFT JOIN (SELECT stream, count(*) AS n, min(seq) AS low,
		max(seq) AS high, sum(length(data)) AS bytes
		FROM mcp_event GROUP BY stream) e ON e.stream = s.number
		WHERE coalesce(e.n, 0) <> s.head - s.purged
		OR coalesce(e.low, s.purged + 1) <> s.purged + 1
		OR coalesce(e.high, s.head) <> s.head
		OR coalesce(e.bytes, 0) <> s.bytes)
	UNION ALL SELECT 31 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_stream
		WHERE purged < 0 OR sent < purged OR head < sent
		OR reader < 1)
	UNION ALL SELECT 32 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_stream
		WHERE kind = 2 AND is_open = 1
		GROUP BY session HAVING count(*) > 1)
	UNION ALL SELECT 33 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_stream
		WHERE is_open = 1 AND incarnation <>
		(SELECT v FROM mcp_meta WHERE k = 'incarnation'))
	UNION ALL SELECT 34 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_stream
		WHERE (is_open = 1) <> (closed IS NULL))
	-- No number is ahead of the counter that it came from.
	UNION ALL SELECT 41 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_topic
		WHERE version > (SELECT topic FROM mcp_counter))
	UNION ALL SELECT 42 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_want
		WHERE seen > (SELECT topic FROM mcp_counter))
	UNION ALL SELECT 43 FROM DUAL WHERE (SELECT count(*) FROM mcp_counter) <> 1
	UNION ALL SELECT 50 FROM DUAL WHERE (SELECT count(*) FROM mcp_chg
		WHERE shard BETWEEN 0 AND 255 AND purged BETWEEN 0 AND ver)
		<> 256
	UNION ALL SELECT 51 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_event e
		JOIN mcp_chg c ON c.shard = e.shard WHERE e.ver > c.ver)
	UNION ALL SELECT 52 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_signal g
		JOIN mcp_chg c ON c.shard = g.shard WHERE g.ver > c.ver)
	UNION ALL SELECT 53 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_signal g
		JOIN mcp_event e ON e.shard = g.shard AND e.ver = g.ver)
	UNION ALL SELECT 101 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_call
		WHERE state = 2 AND (is_waiting <> 0 OR ended = 0))
	UNION ALL SELECT 102 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_question q
		LEFT JOIN mcp_call c ON c.number = q.call_number
		WHERE c.number IS NULL
		OR (q.state = 1 AND (c.state = 2 OR c.is_waiting = 0)))
	UNION ALL SELECT 103 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_call
		WHERE state = 1 AND session <> 0 AND request_id IS NOT NULL
		GROUP BY session, request_id HAVING count(*) > 1)
	UNION ALL SELECT 104 FROM DUAL WHERE EXISTS(SELECT 1 FROM mcp_task t
		LEFT JOIN mcp_call c ON c.number = t.call_number
		WHERE c.task IS NULL OR c.task <> t.number);
END;
