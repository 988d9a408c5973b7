-- Tables, and what all routines share.
--
-- How the routines of the files behind this one are made:
--   * One routine is one operation of the store and one transaction.  All times
--     are wall-clock milliseconds given by the program; nothing here asks the
--     server for the time, for an order of sequences, or for notifications.
--   * It must be right at READ COMMITTED as well as above, and may be rolled
--     back for the sake of others at any point and run again.
--   * Rows are locked in this order: session, call, question, task, stream,
--     then topics, then shards (mcp_rev, mcp_chg, each ascending).  Who writes
--     for a session that must not end meanwhile locks its row first; an append
--     need not, because whoever ends a session deletes its streams.
--   * What changes something answers with a number first (outcome): 0 done,
--     1 not found, 2 conflict, 3 full, 4 a bug; all but 0 leave everything as
--     it was.
--   * The arguments and columns of a routine never change after a release: the
--     programs of the former release still call it.  What needs others gets
--     another name.
--   * A procedure or a view has the rights of who calls it: accounts come and
--     go, and with the one that made it all would fail.
--   * A procedure that writes begins with START TRANSACTION, has an exit handler
--     that rolls back and says the error again, and ends with COMMIT before its
--     one result set.

-- schema: the highest file applied; oldest_program: programs carrying less
-- must refuse; incarnation: renewed when committed facts may have been lost;
-- timeline: what the server said of itself then.
CREATE TABLE IF NOT EXISTS mcp_meta(
	k VARCHAR(64) CHARACTER SET ascii PRIMARY KEY,
	v bigint NOT NULL
) ENGINE=InnoDB;
INSERT IGNORE INTO mcp_meta(k, v) VALUES
	('schema', 0),
	('oldest_program', 1),
	('incarnation', 0),
	('timeline', 0);

CREATE TABLE IF NOT EXISTS mcp_cluster_key(
	id bigint PRIMARY KEY,
	secret VARBINARY(32) NOT NULL,
	created bigint NOT NULL,
	mint_from bigint NOT NULL,
	end_at bigint NOT NULL
) ENGINE=InnoDB;

-- What an operation answered that must not be done twice, by the mark of its
-- attempt.
CREATE TABLE IF NOT EXISTS mcp_done(
	mark BINARY(16) PRIMARY KEY,
	at bigint NOT NULL,
	outcome integer NOT NULL,
	a bigint NOT NULL,
	b bigint NOT NULL,
	c bigint NOT NULL
) ENGINE=InnoDB;
CREATE INDEX IF NOT EXISTS mcp_done_at ON mcp_done(at);

-- state: 1 live, 2 ended.
CREATE TABLE IF NOT EXISTS mcp_session(
	id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
	sid BINARY(16) NOT NULL UNIQUE,
	principal BINARY(16) NOT NULL,
	created bigint NOT NULL,
	incarnation bigint NOT NULL,
	state integer NOT NULL DEFAULT 1 CHECK(state IN (1, 2)),
	why integer NOT NULL DEFAULT 0,
	transport integer NOT NULL DEFAULT 0,
	caps bigint NOT NULL DEFAULT 0,
	log_level integer NOT NULL DEFAULT -1,
	initialized integer NOT NULL DEFAULT 0,
	lists bigint NOT NULL DEFAULT 0,
	touched bigint NOT NULL,
	revision VARBINARY(64),
	principal_name LONGBLOB,
	client LONGBLOB
) ENGINE=InnoDB;
CREATE INDEX IF NOT EXISTS mcp_session_idle
	ON mcp_session(state, touched, id);
CREATE INDEX IF NOT EXISTS mcp_session_principal
	ON mcp_session(principal, state, touched, id);
CREATE INDEX IF NOT EXISTS mcp_session_created ON mcp_session(created);

-- By the first byte of the sid.  rev: raised by every transaction that ends,
-- forgets or restricts a session, or changes what it does.  live: sessions.
CREATE TABLE IF NOT EXISTS mcp_rev(
	shard integer PRIMARY KEY,
	rev bigint NOT NULL DEFAULT 0,
	live bigint NOT NULL DEFAULT 0
) ENGINE=InnoDB;
INSERT IGNORE INTO mcp_rev(shard) SELECT seq FROM seq_0_to_255;

-- By session % 256.  ver: raised by every event and every signal, which have
-- the number that comes out, so that within a shard numbers become visible in
-- their order and without a gap.  purged: signals up to this one may be gone.
CREATE TABLE IF NOT EXISTS mcp_chg(
	shard integer PRIMARY KEY,
	ver bigint NOT NULL DEFAULT 0,
	purged bigint NOT NULL DEFAULT 0
) ENGINE=InnoDB;
INSERT IGNORE INTO mcp_chg(shard) SELECT seq FROM seq_0_to_255;

-- topic: the newest version of any topic.
CREATE TABLE IF NOT EXISTS mcp_counter(
	one integer PRIMARY KEY CHECK(one = 1),
	topic bigint NOT NULL DEFAULT 0
) ENGINE=InnoDB;
INSERT IGNORE INTO mcp_counter(one) VALUES(1);

-- kind: 1 of a call, 2 of a session, 3 of HTTP+SSE.  Events purged + 1 ...
-- head are there, with so many bytes of data.  owner: the process of the
-- newest reader.  closed: when is_open became 0.  An append changes no column
-- that an index has.
CREATE TABLE IF NOT EXISTS mcp_stream(
	number bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
	session bigint NOT NULL,
	kind integer NOT NULL,
	incarnation bigint NOT NULL,
	head bigint NOT NULL DEFAULT 0,
	purged bigint NOT NULL DEFAULT 0,
	sent bigint NOT NULL DEFAULT 0,
	reader bigint NOT NULL DEFAULT 1,
	bytes bigint NOT NULL DEFAULT 0,
	is_open integer NOT NULL DEFAULT 1,
	created bigint NOT NULL,
	changed bigint NOT NULL,
	closed bigint,
	owner VARBINARY(320)
) ENGINE=InnoDB;
CREATE INDEX IF NOT EXISTS mcp_stream_session ON mcp_stream(session, kind);
CREATE INDEX IF NOT EXISTS mcp_stream_owner
	ON mcp_stream(owner, session);
CREATE INDEX IF NOT EXISTS mcp_stream_closed
	ON mcp_stream(closed);

-- shard, ver: see mcp_chg.  writer_key: the writer's own number for it.
CREATE TABLE IF NOT EXISTS mcp_event(
	stream bigint NOT NULL,
	seq bigint NOT NULL,
	session bigint NOT NULL,
	shard integer NOT NULL,
	ver bigint NOT NULL,
	at bigint NOT NULL,
	writer_key bigint,
	data LONGBLOB NOT NULL,
	PRIMARY KEY(stream, seq)
) ENGINE=InnoDB;
CREATE UNIQUE INDEX IF NOT EXISTS mcp_event_ver ON mcp_event(shard, ver);
CREATE UNIQUE INDEX IF NOT EXISTS mcp_event_key
	ON mcp_event(stream, writer_key);

-- Every fact that is no event but somebody may wait for.  kind: 1 reader,
-- 2 end, 3 topic, 4 call, 5 answer, 6 task.
CREATE TABLE IF NOT EXISTS mcp_signal(
	shard integer NOT NULL,
	ver bigint NOT NULL,
	at bigint NOT NULL,
	session bigint NOT NULL,
	stream bigint NOT NULL,
	kind integer NOT NULL,
	ref bigint NOT NULL,
	PRIMARY KEY(shard, ver)
) ENGINE=InnoDB;

-- digest: of the list it is about, as it was raised last.
CREATE TABLE IF NOT EXISTS mcp_topic(
	id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
	name VARBINARY(2048) NOT NULL UNIQUE,
	version bigint NOT NULL DEFAULT 0,
	at bigint NOT NULL,
	digest BINARY(16)
) ENGINE=InnoDB;
CREATE INDEX IF NOT EXISTS mcp_topic_at ON mcp_topic(at);

-- Up to which version a session has been told.
CREATE TABLE IF NOT EXISTS mcp_want(
	session bigint NOT NULL,
	topic bigint NOT NULL,
	seen bigint NOT NULL,
	PRIMARY KEY(session, topic)
) ENGINE=InnoDB;
CREATE INDEX IF NOT EXISTS mcp_want_topic ON mcp_want(topic);

CREATE TABLE IF NOT EXISTS mcp_host(
	name VARBINARY(255) PRIMARY KEY,
	beat bigint NOT NULL DEFAULT 0,
	at bigint NOT NULL,
	is_draining integer NOT NULL DEFAULT 0
) ENGINE=InnoDB;

CREATE TABLE IF NOT EXISTS mcp_nonce(
	nonce BINARY(16) PRIMARY KEY,
	end_at bigint NOT NULL
) ENGINE=InnoDB;
CREATE INDEX IF NOT EXISTS mcp_nonce_end ON mcp_nonce(end_at);

-- session, stream, task: 0 for none.  owner: `<host>.<process>`.  epoch:
-- raised by every claim.  state: 1 running, 2 ended.  is_cancelled: 1 by its
-- client, 2 by an operator.
CREATE TABLE IF NOT EXISTS mcp_call(
	number bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
	session bigint NOT NULL,
	stream bigint NOT NULL,
	task bigint NOT NULL,
	state integer NOT NULL DEFAULT 1 CHECK(state IN (1, 2)),
	epoch bigint NOT NULL DEFAULT 1,
	runs integer NOT NULL DEFAULT 1,
	is_cancelled integer NOT NULL DEFAULT 0,
	is_waiting integer NOT NULL DEFAULT 0,
	transport integer NOT NULL,
	caps bigint NOT NULL,
	is_repeatable integer NOT NULL,
	runs_max integer NOT NULL,
	pgroup bigint NOT NULL DEFAULT 0,
	pgroup_start bigint NOT NULL DEFAULT 0,
	created bigint NOT NULL,
	deadline bigint NOT NULL,
	ended bigint NOT NULL DEFAULT 0,
	owner VARBINARY(320) NOT NULL,
	principal BINARY(16) NOT NULL,
	digest BINARY(16) NOT NULL,
	principal_name LONGBLOB,
	request_id VARBINARY(2048),
	tool LONGBLOB,
	revision VARBINARY(64),
	request LONGBLOB
) ENGINE=InnoDB;
CREATE INDEX IF NOT EXISTS mcp_call_request
	ON mcp_call(session, request_id(255));
CREATE INDEX IF NOT EXISTS mcp_call_owner
	ON mcp_call(owner, state, is_waiting);
CREATE INDEX IF NOT EXISTS mcp_call_principal
	ON mcp_call(principal, state, is_waiting);
CREATE INDEX IF NOT EXISTS mcp_call_stream ON mcp_call(stream, state);
CREATE INDEX IF NOT EXISTS mcp_call_ended ON mcp_call(state, ended);

-- rpc_id: unique in the session; ask_key: in the call.  stream: 0 until it was
-- sent.  state: 1 open, 2 answered, 3 closed.
CREATE TABLE IF NOT EXISTS mcp_question(
	id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
	call_number bigint NOT NULL,
	session bigint NOT NULL,
	stream bigint NOT NULL,
	state integer NOT NULL DEFAULT 1 CHECK(state IN (1, 2, 3)),
	is_error integer NOT NULL DEFAULT 0,
	deadline bigint NOT NULL,
	rpc_id VARBINARY(255),
	ask_key LONGBLOB,
	method LONGBLOB,
	params LONGBLOB,
	answer LONGBLOB
) ENGINE=InnoDB;
CREATE INDEX IF NOT EXISTS mcp_question_call ON mcp_question(call_number, state);
CREATE INDEX IF NOT EXISTS mcp_question_session ON mcp_question(session);
CREATE INDEX IF NOT EXISTS mcp_question_rpc
	ON mcp_question(session, rpc_id, state);
CREATE INDEX IF NOT EXISTS mcp_question_stream
	ON mcp_question(stream, state);

-- Cancelled before it came.
CREATE TABLE IF NOT EXISTS mcp_cancel(
	session bigint NOT NULL,
	request_id VARBINARY(2048) NOT NULL,
	at bigint NOT NULL,
	PRIMARY KEY(session, request_id)
) ENGINE=InnoDB;
CREATE INDEX IF NOT EXISTS mcp_cancel_at ON mcp_cancel(at);

-- state: 1 working, 2 input required, 3 completed, 4 failed, 5 cancelled: from
-- 3 on for good.
CREATE TABLE IF NOT EXISTS mcp_task(
	number bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
	id BINARY(16) NOT NULL UNIQUE,
	principal BINARY(16) NOT NULL,
	session bigint NOT NULL,
	form integer NOT NULL,
	call_number bigint NOT NULL DEFAULT 0,
	state integer NOT NULL DEFAULT 1 CHECK(state BETWEEN 1 AND 5),
	is_error integer NOT NULL DEFAULT 0,
	created bigint NOT NULL,
	updated bigint NOT NULL,
	ttl_ms bigint NOT NULL,
	end_at bigint AS (IF(ttl_ms > 0, created + ttl_ms, NULL)) PERSISTENT,
	message LONGBLOB,
	result LONGBLOB
) ENGINE=InnoDB;
CREATE INDEX IF NOT EXISTS mcp_task_principal ON mcp_task(principal, number);
CREATE INDEX IF NOT EXISTS mcp_task_end
	ON mcp_task(end_at);


-- ------------------------------------------------- parts of other routines

-- The next number of a shard, whose row is locked from now on.
CREATE OR REPLACE PROCEDURE mcp_bump(IN p_shard integer, OUT p_ver bigint)
	SQL SECURITY INVOKER
BEGIN
	UPDATE mcp_chg SET ver = LAST_INSERT_ID(ver + 1) WHERE shard = p_shard;
	SET p_ver = LAST_INSERT_ID();
END;

-- Leave a signal.  Facts of no session are spread by what they are about.
CREATE OR REPLACE PROCEDURE mcp_notice(IN p_now bigint, IN p_session bigint,
	IN p_stream bigint, IN p_kind integer, IN p_ref bigint)
	SQL SECURITY INVOKER
BEGIN
	DECLARE v_ver bigint;
	DECLARE v_shard integer DEFAULT
		IF(p_session = 0, p_ref, p_session) % 256;

	CALL mcp_bump(v_shard, v_ver);
	INSERT INTO mcp_signal(shard, ver, at, session, stream, kind, ref)
		VALUES(v_shard, v_ver, p_now, p_session, p_stream, p_kind, p_ref);
END;

-- What was answered, for whoever has to ask again.  A mark that is there
-- already fails, and all of this attempt with it.
CREATE OR REPLACE PROCEDURE mcp_done_put(IN p_mark BINARY(16), IN p_now bigint,
	IN p_outcome integer, IN p_a bigint, IN p_b bigint, IN p_c bigint)
	SQL SECURITY INVOKER
BEGIN
	-- The server would not say of which table it is.
	DECLARE EXIT HANDLER FOR 1062
		SIGNAL SQLSTATE '23000' SET
			MYSQL_ERRNO = 1062, MESSAGE_TEXT = 'mcp_done';
	INSERT INTO mcp_done(mark, at, outcome, a, b, c)
		VALUES(p_mark, p_now, p_outcome, p_a, p_b, p_c);
END;

CREATE OR REPLACE PROCEDURE mcp_done_find(IN p_mark BINARY(16))
	SQL SECURITY INVOKER
BEGIN
	SELECT outcome, a, b, c FROM mcp_done WHERE mark = p_mark;
END;
