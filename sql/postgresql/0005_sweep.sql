-- What is swept, and what is always true.
--
-- Any host sweeps at any time: rows that others hold are left for the next
-- time, and nothing is waited for but the rows of what goes.

-- Sessions that are too old, and idle ones: until p_limit rows are spent, their
-- streams and events counted; the last one may take more.
CREATE OR REPLACE FUNCTION mcp_sweep_sessions(p_now bigint,
	p_created_before bigint, p_idle_before bigint, p_limit bigint)
RETURNS TABLE(outcome integer, removed bigint, forgotten bigint, spent bigint)
LANGUAGE plpgsql AS $$
DECLARE
	v_ids bigint[];
	v_idle bigint[];
	v_removed bigint;
	v_spent bigint;
BEGIN
	v_ids := ARRAY(SELECT id FROM mcp_session
		WHERE created < p_created_before
		ORDER BY created LIMIT p_limit FOR UPDATE SKIP LOCKED);
	v_idle := ARRAY(SELECT id FROM mcp_unused
		WHERE touched < p_idle_before AND created >= p_created_before
		ORDER BY touched LIMIT p_limit - cardinality(v_ids)
		FOR UPDATE SKIP LOCKED);
	v_ids := v_ids || ARRAY(SELECT id FROM mcp_unused
		WHERE id = ANY(v_idle) AND touched < p_idle_before
		ORDER BY touched);
	SELECT array_agg(id), sum(w) INTO v_ids, v_spent
		FROM (SELECT id, w, sum(w) OVER (ORDER BY n) - w AS before
			FROM (SELECT u.id, u.n, 1 + coalesce((SELECT
				sum(1 + head - purged) FROM mcp_stream s
				WHERE s.session = u.id), 0) AS w
			FROM unnest(v_ids) WITH ORDINALITY u(id, n)) a) b
		WHERE before < p_limit;
	IF v_ids IS NULL THEN
		RETURN QUERY SELECT 0, 0::bigint, 0::bigint, 0::bigint;
		RETURN;
	END IF;
	PERFORM mcp_drop(v_ids);
	PERFORM mcp_drop_rev(v_ids);
	PERFORM mcp_drop_notice(p_now, v_ids);
	SELECT count(*) INTO v_removed FROM mcp_session
		WHERE id = ANY(v_ids) AND created < p_created_before;
	DELETE FROM mcp_session WHERE id = ANY(v_ids);
	RETURN QUERY SELECT 0, v_removed, cardinality(v_ids) - v_removed,
		v_spent;
END $$;

-- Of a stream that the caller has locked, events up to this one; how many.
CREATE OR REPLACE FUNCTION mcp_sweep_purge(p_stream bigint, p_up_to bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	v_n bigint;
BEGIN
	SELECT count(*) INTO v_n FROM mcp_event
		WHERE stream = p_stream AND seq <= p_up_to;
	IF v_n > 0 THEN
		PERFORM mcp_event_purge(p_stream, p_up_to);
	END IF;
	RETURN v_n;
END $$;

-- Closed streams that were sent to their end, or are very old: first the
-- events, as many as may go, then the stream.
CREATE OR REPLACE FUNCTION mcp_sweep_streams(p_sent_before bigint,
	p_unsent_before bigint, p_limit bigint, p_relaxed bigint)
RETURNS TABLE(outcome integer, gone bigint) LANGUAGE plpgsql AS $$
DECLARE
	v record;
	v_left bigint := p_limit;
BEGIN
	PERFORM mcp_relax(p_relaxed);
	FOR v IN SELECT number, head, purged FROM mcp_stream
			WHERE closed < greatest(p_sent_before, p_unsent_before)
			AND is_open = 0 AND (closed < p_unsent_before
			OR (closed < p_sent_before AND sent >= head))
			ORDER BY closed LIMIT p_limit
			FOR UPDATE SKIP LOCKED LOOP
		v_left := v_left - mcp_sweep_purge(v.number,
			least(v.head, v.purged + v_left));
		EXIT WHEN v_left <= 0;
		DELETE FROM mcp_stream WHERE number = v.number;
		v_left := v_left - 1;
		EXIT WHEN v_left <= 0;
	END LOOP;
	RETURN QUERY SELECT 0, p_limit - v_left;
END $$;

-- Old events of streams without a running call or an open question.  Of each
-- shard all before the first young one are old, and they are walked in the
-- order of their numbers, which is that of each stream.
CREATE OR REPLACE FUNCTION mcp_sweep_events(p_before bigint, p_limit bigint,
	p_relaxed bigint)
RETURNS TABLE(outcome integer, gone bigint) LANGUAGE plpgsql AS $$
DECLARE
	v_shard integer;
	v record;
	v_left bigint := p_limit;
BEGIN
	PERFORM mcp_relax(p_relaxed);
	FOR v_shard IN SELECT c.shard FROM mcp_chg c WHERE (SELECT e.at
			FROM mcp_event e WHERE e.shard = c.shard
			ORDER BY e.ver LIMIT 1) < p_before LOOP
		FOR v IN SELECT stream, max(seq) AS seq FROM (
				SELECT e.stream, e.seq FROM mcp_event e
				WHERE e.shard = v_shard
				AND e.ver < coalesce((SELECT y.ver
					FROM mcp_event y
					WHERE y.shard = v_shard
					AND y.at >= p_before
					ORDER BY y.ver LIMIT 1),
					9223372036854775807)
				AND NOT EXISTS(SELECT 1 FROM mcp_call x
					WHERE x.stream = e.stream
					AND x.state = 1)
				AND NOT EXISTS(SELECT 1 FROM mcp_question x
					WHERE x.stream = e.stream
					AND x.state = 1)
				ORDER BY e.ver LIMIT v_left) old
				GROUP BY stream ORDER BY stream LOOP
			PERFORM 1 FROM mcp_stream WHERE number = v.stream
				FOR UPDATE SKIP LOCKED;
			IF FOUND THEN
				v_left := v_left
					- mcp_sweep_purge(v.stream, v.seq);
			END IF;
		END LOOP;
		EXIT WHEN v_left <= 0;
	END LOOP;
	RETURN QUERY SELECT 0, p_limit - v_left;
END $$;

-- Tasks whose time is over (who still works on one is told to stop), wishes to
-- cancel what never came, and calls for whose response nobody can ask: they are
-- old, and have no stream of their own any more and no task.
CREATE OR REPLACE FUNCTION mcp_sweep_calls(p_now bigint, p_calls_before bigint,
	p_cancels_before bigint, p_limit bigint)
RETURNS TABLE(outcome integer, gone bigint) LANGUAGE plpgsql AS $$
DECLARE
	v_left bigint := p_limit;
	v_n bigint;
	v_calls bigint[];
	v_over bigint[];
	v_tasks bigint[];
	v record;
BEGIN
	v_tasks := ARRAY(SELECT number FROM mcp_task WHERE ttl_ms > 0
		AND created + ttl_ms <= p_now
		ORDER BY created + ttl_ms LIMIT v_left);
	v_calls := ARRAY(SELECT number FROM mcp_call WHERE number = ANY(ARRAY(
			SELECT call_number FROM mcp_task
			WHERE number = ANY(v_tasks)))
		AND state = 1 AND is_cancelled = 0 ORDER BY number FOR UPDATE);
	UPDATE mcp_call SET is_cancelled = 1 WHERE number = ANY(v_calls);
	v_over := ARRAY(SELECT c.number FROM mcp_call c WHERE c.state = 2
		AND c.ended < p_calls_before
		AND NOT EXISTS(SELECT 1 FROM mcp_stream s
			WHERE s.number = c.stream AND s.kind = 1)
		AND NOT EXISTS(SELECT 1 FROM mcp_task t
			WHERE t.number = c.task AND t.number <> ALL(v_tasks))
		ORDER BY c.ended LIMIT v_left - cardinality(v_tasks)
		FOR UPDATE OF c SKIP LOCKED);
	DELETE FROM mcp_question WHERE call_number = ANY(v_over);
	DELETE FROM mcp_call WHERE number = ANY(v_over);
	v_left := v_left - cardinality(v_over);
	v_tasks := ARRAY(SELECT number FROM mcp_task
		WHERE number = ANY(v_tasks) ORDER BY number FOR UPDATE);
	DELETE FROM mcp_task WHERE number = ANY(v_tasks);
	v_left := v_left - cardinality(v_tasks);
	DELETE FROM mcp_cancel WHERE (session, request_id) IN (
		SELECT session, request_id FROM mcp_cancel
		WHERE at < p_cancels_before
		ORDER BY at LIMIT v_left FOR UPDATE SKIP LOCKED);
	GET DIAGNOSTICS v_n = ROW_COUNT;
	v_left := v_left - v_n;
	FOR v IN SELECT number, session, stream FROM mcp_call
			WHERE number = ANY(v_calls)
			ORDER BY CASE session WHEN 0 THEN number
				ELSE session END % 256, number LOOP
		PERFORM mcp_notice(p_now, v.session, v.stream, 4, v.number);
	END LOOP;
	RETURN QUERY SELECT 0, p_limit - v_left;
END $$;

-- Signals of a shard go from the old end, and the shard says so; who has not
-- looked for so long must look at everything.
CREATE OR REPLACE FUNCTION mcp_sweep_signals(p_before bigint, p_limit bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	v_shard integer;
	v_up_to bigint;
	v_left bigint := p_limit;
	v_n bigint;
BEGIN
	FOR v_shard IN SELECT c.shard FROM mcp_chg c WHERE (SELECT g.at
			FROM mcp_signal g WHERE g.shard = c.shard
			ORDER BY g.ver LIMIT 1) < p_before
			ORDER BY c.shard LOOP
		EXIT WHEN v_left <= 0;
		PERFORM 1 FROM mcp_chg WHERE shard = v_shard
			FOR UPDATE SKIP LOCKED;
		CONTINUE WHEN NOT FOUND;
		SELECT max(ver), count(*) INTO v_up_to, v_n FROM (
			SELECT g.ver FROM mcp_signal g
			WHERE g.shard = v_shard AND g.ver < coalesce((
				SELECT y.ver FROM mcp_signal y
				WHERE y.shard = v_shard AND y.at >= p_before
				ORDER BY y.ver LIMIT 1), 9223372036854775807)
			ORDER BY g.ver LIMIT v_left) old;
		CONTINUE WHEN v_n = 0;
		DELETE FROM mcp_signal
			WHERE shard = v_shard AND ver <= v_up_to;
		UPDATE mcp_chg SET purged = greatest(purged, v_up_to)
			WHERE shard = v_shard;
		v_left := v_left - v_n;
	END LOOP;
	RETURN p_limit - v_left;
END $$;

-- The rest.  gone: rows of what the store is for; spent: others as well, which
-- only hosts and marks of attempts are.
CREATE OR REPLACE FUNCTION mcp_sweep_rest(p_nonces_before bigint,
	p_signals_before bigint, p_topics_before bigint, p_done_before bigint,
	p_hosts_before bigint, p_limit bigint, p_relaxed bigint)
RETURNS TABLE(outcome integer, gone bigint, spent bigint)
LANGUAGE plpgsql AS $$
DECLARE
	v_left bigint := p_limit;
	v_ids bigint[];
	v_n bigint;
	v_gone bigint;
BEGIN
	PERFORM mcp_relax(p_relaxed);
	v_ids := ARRAY(SELECT id FROM mcp_topic t
		WHERE digest IS NULL AND at < p_topics_before
		AND NOT EXISTS(SELECT 1 FROM mcp_want w WHERE w.topic = t.id)
		LIMIT v_left FOR UPDATE SKIP LOCKED);
	-- Who begins to want one has its row.
	DELETE FROM mcp_topic t WHERE id = ANY(v_ids)
		AND NOT EXISTS(SELECT 1 FROM mcp_want w WHERE w.topic = t.id);
	GET DIAGNOSTICS v_n = ROW_COUNT;
	v_left := v_left - v_n;
	DELETE FROM mcp_nonce WHERE nonce = ANY(ARRAY(
		SELECT nonce FROM mcp_nonce WHERE end_at < p_nonces_before
		LIMIT v_left FOR UPDATE SKIP LOCKED));
	GET DIAGNOSTICS v_n = ROW_COUNT;
	v_left := v_left - v_n;
	v_gone := p_limit - v_left;
	DELETE FROM mcp_done WHERE mark = ANY(ARRAY(
		SELECT mark FROM mcp_done WHERE at < p_done_before
		LIMIT v_left FOR UPDATE SKIP LOCKED));
	GET DIAGNOSTICS v_n = ROW_COUNT;
	v_left := v_left - v_n;
	DELETE FROM mcp_host WHERE name = ANY(ARRAY(
		SELECT name FROM mcp_host h WHERE at < p_hosts_before
		AND NOT EXISTS(SELECT 1 FROM mcp_stream s
			WHERE s.owner >= h.name || '.'::bytea
			AND s.owner < h.name || '/'::bytea)
		AND NOT EXISTS(SELECT 1 FROM mcp_call c WHERE c.state = 1
			AND c.owner >= h.name || '.'::bytea
			AND c.owner < h.name || '/'::bytea)
		LIMIT v_left FOR UPDATE SKIP LOCKED));
	GET DIAGNOSTICS v_n = ROW_COUNT;
	v_left := v_left - v_n;
	v_n := mcp_sweep_signals(p_signals_before, v_left);
	RETURN QUERY SELECT 0, v_gone + v_n, p_limit - v_left + v_n;
END $$;

-- Laws that are broken, by their numbers.
CREATE OR REPLACE FUNCTION mcp_check()
RETURNS TABLE(broken integer) LANGUAGE sql STABLE AS $$
	SELECT 1 WHERE EXISTS(SELECT 1 FROM mcp_rev r LEFT JOIN (
		SELECT get_byte(sid, 0) AS shard, count(*) AS n
		FROM mcp_session WHERE state = 1 GROUP BY 1) s
		ON s.shard = r.shard WHERE coalesce(s.n, 0) <> r.live)
	UNION ALL SELECT 2 WHERE (SELECT count(*) FROM mcp_rev
		WHERE shard BETWEEN 0 AND 255 AND rev >= 0) <> 256
	UNION ALL SELECT 3 WHERE (SELECT count(*) FROM mcp_meta WHERE k IN
		('schema', 'oldest_program', 'incarnation', 'timeline')) <> 4
	UNION ALL SELECT 4 WHERE EXISTS(SELECT 1 FROM mcp_session
		WHERE state = 2 AND (why = 0 OR caps <> 0 OR initialized <> 0
		OR log_level <> -1 OR revision IS NOT NULL
		OR principal_name IS NOT NULL OR client IS NOT NULL))
	UNION ALL SELECT 5 WHERE EXISTS(SELECT 1 FROM mcp_session
		WHERE state = 1 AND why <> 0)
	UNION ALL SELECT 6 WHERE (SELECT count(*) FROM mcp_cluster_key) > 8
	-- Nothing is without that which it belongs to.
	UNION ALL SELECT 20 WHERE EXISTS(SELECT 1 FROM mcp_stream x
		WHERE NOT EXISTS(SELECT 1 FROM mcp_session s
		WHERE s.id = x.session AND s.state = 1))
	UNION ALL SELECT 21 WHERE EXISTS(SELECT 1 FROM mcp_event e
		LEFT JOIN mcp_stream s ON s.number = e.stream
		WHERE s.session IS NULL OR s.session <> e.session
		OR e.shard <> e.session % 256)
	UNION ALL SELECT 22 WHERE EXISTS(SELECT 1 FROM mcp_want x
		WHERE NOT EXISTS(SELECT 1 FROM mcp_session s
		WHERE s.id = x.session AND s.state = 1))
	UNION ALL SELECT 23 WHERE EXISTS(SELECT 1 FROM mcp_want w
		WHERE NOT EXISTS(SELECT 1 FROM mcp_topic t
		WHERE t.id = w.topic))
	UNION ALL SELECT 24 WHERE EXISTS(SELECT 1 FROM mcp_question x
		WHERE x.session <> 0 AND NOT EXISTS(SELECT 1 FROM mcp_session s
		WHERE s.id = x.session AND s.state = 1))
	UNION ALL SELECT 25 WHERE EXISTS(SELECT 1 FROM mcp_cancel x
		WHERE NOT EXISTS(SELECT 1 FROM mcp_session s
		WHERE s.id = x.session AND s.state = 1))
	UNION ALL SELECT 26 WHERE EXISTS(SELECT 1 FROM mcp_call x
		WHERE x.state = 1 AND x.session <> 0 AND x.is_cancelled = 0
		AND NOT EXISTS(SELECT 1 FROM mcp_session s
		WHERE s.id = x.session AND s.state = 1))
	-- Events purged + 1 ... head are there, without a gap.
	UNION ALL SELECT 30 WHERE EXISTS(SELECT 1 FROM mcp_stream s
		LEFT JOIN (SELECT stream, count(*) AS n, min(seq) AS low,
		max(seq) AS high, sum(length(data)) AS bytes
		FROM mcp_event GROUP BY stream) e ON e.stream = s.number
		WHERE coalesce(e.n, 0) <> s.head - s.purged
		OR coalesce(e.low, s.purged + 1) <> s.purged + 1
		OR coalesce(e.high, s.head) <> s.head
		OR coalesce(e.bytes, 0) <> s.bytes)
	UNION ALL SELECT 31 WHERE EXISTS(SELECT 1 FROM mcp_stream
		WHERE purged < 0 OR sent < purged OR head < sent
		OR reader < 1)
	UNION ALL SELECT 32 WHERE EXISTS(SELECT 1 FROM mcp_stream
		WHERE kind = 2 AND is_open = 1
		GROUP BY session HAVING count(*) > 1)
	UNION ALL SELECT 33 WHERE EXISTS(SELECT 1 FROM mcp_stream
		WHERE is_open = 1 AND incarnation <>
		(SELECT v FROM mcp_meta WHERE k = 'incarnation'))
	UNION ALL SELECT 34 WHERE EXISTS(SELECT 1 FROM mcp_stream
		WHERE (is_open = 1) <> (closed IS NULL))
	-- No number is ahead of the counter that it came from.
	UNION ALL SELECT 41 WHERE EXISTS(SELECT 1 FROM mcp_topic
		WHERE version > (SELECT topic FROM mcp_counter))
	UNION ALL SELECT 42 WHERE EXISTS(SELECT 1 FROM mcp_want
		WHERE seen > (SELECT topic FROM mcp_counter))
	UNION ALL SELECT 43 WHERE (SELECT count(*) FROM mcp_counter) <> 1
	UNION ALL SELECT 50 WHERE (SELECT count(*) FROM mcp_chg
		WHERE shard BETWEEN 0 AND 255 AND purged BETWEEN 0 AND ver)
		<> 256
	UNION ALL SELECT 51 WHERE EXISTS(SELECT 1 FROM mcp_event e
		JOIN mcp_chg c ON c.shard = e.shard WHERE e.ver > c.ver)
	UNION ALL SELECT 52 WHERE EXISTS(SELECT 1 FROM mcp_signal g
		JOIN mcp_chg c ON c.shard = g.shard WHERE g.ver > c.ver)
	UNION ALL SELECT 53 WHERE EXISTS(SELECT 1 FROM mcp_signal g
		JOIN mcp_event e ON e.shard = g.shard AND e.ver = g.ver)
	UNION ALL SELECT 101 WHERE EXISTS(SELECT 1 FROM mcp_call
		WHERE state = 2 AND (is_waiting <> 0 OR ended = 0))
	UNION ALL SELECT 102 WHERE EXISTS(SELECT 1 FROM mcp_question q
		LEFT JOIN mcp_call c ON c.number = q.call_number
		WHERE c.number IS NULL
		OR (q.state = 1 AND (c.state = 2 OR c.is_waiting = 0)))
	UNION ALL SELECT 103 WHERE EXISTS(SELECT 1 FROM mcp_call
		WHERE state = 1 AND session <> 0 AND request_id IS NOT NULL
		GROUP BY session, request_id HAVING count(*) > 1)
	UNION ALL SELECT 104 WHERE EXISTS(SELECT 1 FROM mcp_task t
		LEFT JOIN mcp_call c ON c.number = t.call_number
		WHERE c.task IS NULL OR c.task <> t.number)
$$;
