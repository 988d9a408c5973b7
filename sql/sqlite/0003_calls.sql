-- Calls that take longer than their request, what they ask, and tasks.

-- AUTOINCREMENT: a number is never used twice, whatever was deleted.
-- session, stream, task: 0 for none.  owner: `<host>.<process>`.  epoch:
-- raised by every claim.  state: 1 running, 2 ended.
CREATE TABLE IF NOT EXISTS call(
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	session INTEGER NOT NULL,
	stream INTEGER NOT NULL,
	task INTEGER NOT NULL,
	state INTEGER NOT NULL DEFAULT 1 CHECK(state IN (1, 2)),
	epoch INTEGER NOT NULL DEFAULT 1,
	runs INTEGER NOT NULL DEFAULT 1,
	is_cancelled INTEGER NOT NULL DEFAULT 0,
	is_waiting INTEGER NOT NULL DEFAULT 0,
	transport INTEGER NOT NULL,
	caps INTEGER NOT NULL,
	is_repeatable INTEGER NOT NULL,
	runs_max INTEGER NOT NULL,
	pgroup INTEGER NOT NULL DEFAULT 0,
	pgroup_start INTEGER NOT NULL DEFAULT 0,
	created INTEGER NOT NULL,
	deadline INTEGER NOT NULL,
	ended INTEGER NOT NULL DEFAULT 0,
	owner BLOB NOT NULL,
	principal BLOB NOT NULL CHECK(length(principal) = 16),
	digest BLOB NOT NULL CHECK(length(digest) = 16),
	principal_name BLOB,
	request_id BLOB,
	tool BLOB,
	revision BLOB,
	request BLOB
) STRICT;
-- The same request again, and the one that a cancel means.
CREATE INDEX IF NOT EXISTS call_request
	ON call(session, request_id);
-- What counts to the limits, and what a dead process leaves behind: a host is
-- a range of owners.
CREATE INDEX IF NOT EXISTS call_owner
	ON call(owner, is_waiting) WHERE state = 1;
CREATE INDEX IF NOT EXISTS call_principal
	ON call(principal, is_waiting) WHERE state = 1;
CREATE INDEX IF NOT EXISTS call_stream ON call(stream) WHERE state = 1;
CREATE INDEX IF NOT EXISTS call_ended ON call(ended) WHERE state = 2;
CREATE TRIGGER IF NOT EXISTS call_stays_ended
	BEFORE UPDATE OF state ON call WHEN OLD.state = 2 AND NEW.state = 1
	BEGIN SELECT RAISE(ABORT, 'an ended call stays ended'); END;

-- rpc_id: unique in the session; key: in the call.  stream: 0 until it was
-- sent.  state: 1 open, 2 answered, 3 closed.
CREATE TABLE IF NOT EXISTS question(
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	call INTEGER NOT NULL,
	session INTEGER NOT NULL,
	stream INTEGER NOT NULL,
	state INTEGER NOT NULL DEFAULT 1 CHECK(state IN (1, 2, 3)),
	is_error INTEGER NOT NULL DEFAULT 0,
	deadline INTEGER NOT NULL,
	rpc_id BLOB,
	key BLOB,
	method BLOB,
	params BLOB,
	answer BLOB
) STRICT;
CREATE INDEX IF NOT EXISTS question_call ON question(call, state);
CREATE INDEX IF NOT EXISTS question_session ON question(session);
CREATE INDEX IF NOT EXISTS question_rpc
	ON question(session, rpc_id) WHERE state = 1;
CREATE INDEX IF NOT EXISTS question_stream
	ON question(stream) WHERE state = 1;
CREATE TRIGGER IF NOT EXISTS call_goes AFTER DELETE ON call
	BEGIN
	DELETE FROM question WHERE call = OLD.number;
	END;

-- Cancelled before it came.
CREATE TABLE IF NOT EXISTS cancel(
	session INTEGER NOT NULL,
	request_id BLOB NOT NULL,
	at INTEGER NOT NULL,
	PRIMARY KEY(session, request_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS cancel_at ON cancel(at);

-- state: enum task_state, from 3 on for good.
CREATE TABLE IF NOT EXISTS task(
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	id BLOB NOT NULL UNIQUE CHECK(length(id) = 16),
	principal BLOB NOT NULL CHECK(length(principal) = 16),
	session INTEGER NOT NULL,
	form INTEGER NOT NULL,
	call INTEGER NOT NULL DEFAULT 0,
	state INTEGER NOT NULL DEFAULT 1 CHECK(state BETWEEN 1 AND 5),
	is_error INTEGER NOT NULL DEFAULT 0,
	created INTEGER NOT NULL,
	updated INTEGER NOT NULL,
	ttl_ms INTEGER NOT NULL,
	message BLOB,
	result BLOB
) STRICT;
CREATE INDEX IF NOT EXISTS task_principal ON task(principal, number);
CREATE INDEX IF NOT EXISTS task_end
	ON task(created + ttl_ms) WHERE ttl_ms > 0;
CREATE TRIGGER IF NOT EXISTS task_stays_ended
	BEFORE UPDATE OF state ON task WHEN OLD.state > 2
	BEGIN SELECT RAISE(ABORT, 'an ended task stays as it ended'); END;
