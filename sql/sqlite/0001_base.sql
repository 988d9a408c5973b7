-- Sessions, cluster keys and what the store knows of itself.
-- All times are wall-clock milliseconds given by the program.

-- "mcpF": tells our files from other programs' databases.
PRAGMA application_id = 0x6d637046;

-- schema: the highest file applied; oldest_program: programs carrying less
-- must refuse; incarnation: renewed by the first opener that finds another
-- boot_id.
CREATE TABLE IF NOT EXISTS meta(
	k TEXT NOT NULL PRIMARY KEY,
	v ANY NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta(k, v) VALUES
	('schema', 0),
	('oldest_program', 1),
	('incarnation', 0),
	('boot_id', '')
	ON CONFLICT(k) DO NOTHING;

CREATE TABLE IF NOT EXISTS cluster_key(
	id INTEGER PRIMARY KEY,
	secret BLOB NOT NULL CHECK(length(secret) = 32),
	created INTEGER NOT NULL,
	mint_from INTEGER NOT NULL,
	end_at INTEGER NOT NULL
) STRICT;

-- at: made of the sid by the program (two sids never share one but by a chance
-- of 2^-64), so that a session is found in one tree with short keys: half the
-- pages of an index on sid.  id: counted in tally, never used twice.
-- state: 1 live, 2 ended.
CREATE TABLE IF NOT EXISTS session(
	at INTEGER PRIMARY KEY,
	id INTEGER NOT NULL,
	sid BLOB NOT NULL CHECK(length(sid) = 16),
	principal BLOB NOT NULL CHECK(length(principal) = 16),
	created INTEGER NOT NULL,
	incarnation INTEGER NOT NULL,
	state INTEGER NOT NULL DEFAULT 1 CHECK(state IN (1, 2)),
	why INTEGER NOT NULL DEFAULT 0,
	transport INTEGER NOT NULL DEFAULT 0,
	caps INTEGER NOT NULL DEFAULT 0,
	log_level INTEGER NOT NULL DEFAULT -1,
	initialized INTEGER NOT NULL DEFAULT 0,
	lists INTEGER NOT NULL DEFAULT 0,
	touched INTEGER NOT NULL,
	revision BLOB,
	principal_name BLOB,
	client BLOB
) STRICT;

CREATE UNIQUE INDEX IF NOT EXISTS session_id ON session(id);
-- The least recently touched of all, and of one principal.
CREATE INDEX IF NOT EXISTS session_idle
	ON session(touched, id) WHERE state = 1;
CREATE INDEX IF NOT EXISTS session_principal
	ON session(principal, touched, id) WHERE state = 1;
-- What has outlived its lifetime, whatever its state.
CREATE INDEX IF NOT EXISTS session_created ON session(created);

-- How many sessions are live, without counting, and the last id given away.
CREATE TABLE IF NOT EXISTS tally(
	one INTEGER PRIMARY KEY CHECK(one = 1),
	live INTEGER NOT NULL CHECK(live >= 0),
	last_id INTEGER NOT NULL
) STRICT;
INSERT INTO tally(one, live, last_id)
	SELECT 1, count(*) FILTER (WHERE state = 1), coalesce(max(id), 0)
	FROM session WHERE true
	ON CONFLICT(one) DO NOTHING;
-- The same of each principal that has any.
CREATE TABLE IF NOT EXISTS holder(
	principal BLOB NOT NULL PRIMARY KEY,
	live INTEGER NOT NULL CHECK(live >= 0)
) STRICT, WITHOUT ROWID;
INSERT INTO holder(principal, live)
	SELECT principal, count(*) FROM session WHERE state = 1
	GROUP BY principal
	ON CONFLICT(principal) DO NOTHING;

CREATE TRIGGER IF NOT EXISTS session_comes AFTER INSERT ON session
	BEGIN
	UPDATE tally SET live = live + (NEW.state = 1),
		last_id = max(last_id, NEW.id);
	INSERT INTO holder(principal, live)
		SELECT NEW.principal, 1 WHERE NEW.state = 1
		ON CONFLICT(principal) DO UPDATE SET live = live + 1;
	END;
-- Nothing brings an ended session back, so these are all the ways to go.
CREATE TRIGGER IF NOT EXISTS session_goes
	AFTER DELETE ON session WHEN OLD.state = 1
	BEGIN
	UPDATE tally SET live = live - 1;
	UPDATE holder SET live = live - 1 WHERE principal = OLD.principal;
	DELETE FROM holder WHERE principal = OLD.principal AND live = 0;
	END;
CREATE TRIGGER IF NOT EXISTS session_ends
	AFTER UPDATE OF state ON session WHEN OLD.state = 1 AND NEW.state = 2
	BEGIN
	UPDATE tally SET live = live - 1;
	UPDATE holder SET live = live - 1 WHERE principal = OLD.principal;
	DELETE FROM holder WHERE principal = OLD.principal AND live = 0;
	END;
CREATE TRIGGER IF NOT EXISTS session_stays_ended
	BEFORE UPDATE OF state ON session WHEN OLD.state = 2 AND NEW.state = 1
	BEGIN SELECT RAISE(ABORT, 'an ended session stays ended'); END;

-- Raised by every transaction that ends or restricts a session; the shard is
-- the first byte of the sid.
CREATE TABLE IF NOT EXISTS rev(
	shard INTEGER PRIMARY KEY,
	rev INTEGER NOT NULL DEFAULT 0
) STRICT;
WITH RECURSIVE shards(n) AS (
	SELECT 0 UNION ALL SELECT n + 1 FROM shards WHERE n < 255
)
INSERT INTO rev(shard) SELECT n FROM shards WHERE true
	ON CONFLICT(shard) DO NOTHING;
