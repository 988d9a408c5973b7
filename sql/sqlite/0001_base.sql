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

-- state: 1 live, 2 ended.  The order of the columns is that of the reads.
CREATE TABLE IF NOT EXISTS session(
	id INTEGER PRIMARY KEY AUTOINCREMENT,
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

CREATE UNIQUE INDEX IF NOT EXISTS session_sid ON session(sid);
-- The least recently touched of all, and of one principal; also the count of
-- one principal's.
CREATE INDEX IF NOT EXISTS session_idle
	ON session(touched) WHERE state = 1;
CREATE INDEX IF NOT EXISTS session_principal
	ON session(principal, touched) WHERE state = 1;
-- What has outlived its lifetime, whatever its state.
CREATE INDEX IF NOT EXISTS session_created ON session(created);

-- How many sessions are live, without counting.
CREATE TABLE IF NOT EXISTS tally(
	one INTEGER PRIMARY KEY CHECK(one = 1),
	live INTEGER NOT NULL CHECK(live >= 0)
) STRICT;
INSERT INTO tally(one, live)
	SELECT 1, count(*) FROM session WHERE state = 1
	ON CONFLICT(one) DO NOTHING;
CREATE TRIGGER IF NOT EXISTS session_comes
	AFTER INSERT ON session WHEN NEW.state = 1
	BEGIN UPDATE tally SET live = live + 1; END;
CREATE TRIGGER IF NOT EXISTS session_goes
	AFTER DELETE ON session WHEN OLD.state = 1
	BEGIN UPDATE tally SET live = live - 1; END;
CREATE TRIGGER IF NOT EXISTS session_turns
	AFTER UPDATE OF state ON session WHEN OLD.state <> NEW.state
	BEGIN UPDATE tally SET live = live + (NEW.state = 1) - (OLD.state = 1);
	END;

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
