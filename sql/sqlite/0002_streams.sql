-- The event log, what is noticed in it, topics, and who is there.

-- What is counted for the whole store.  topic: the newest version of any
-- topic.  now: the time of the program that drops sessions, for `gone`.
CREATE TABLE IF NOT EXISTS counter(
	one INTEGER PRIMARY KEY CHECK(one = 1),
	topic INTEGER NOT NULL DEFAULT 0,
	now INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO counter(one) SELECT 1 WHERE true ON CONFLICT(one) DO NOTHING;

-- AUTOINCREMENT: a number is never used twice, whatever was deleted.
-- kind: enum stream_kind.  Events purged + 1 ... head are there, with so many
-- bytes of data.  owner: the process of the newest reader.
CREATE TABLE IF NOT EXISTS stream(
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	session INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	incarnation INTEGER NOT NULL,
	head INTEGER NOT NULL DEFAULT 0,
	purged INTEGER NOT NULL DEFAULT 0,
	sent INTEGER NOT NULL DEFAULT 0,
	reader INTEGER NOT NULL DEFAULT 1,
	bytes INTEGER NOT NULL DEFAULT 0,
	is_open INTEGER NOT NULL DEFAULT 1,
	created INTEGER NOT NULL,
	changed INTEGER NOT NULL,
	owner BLOB
) STRICT;
-- An append changes no column of these, but for the one that has left the
-- last one by then.
CREATE INDEX IF NOT EXISTS stream_session ON stream(session, kind);
CREATE INDEX IF NOT EXISTS stream_owner
	ON stream(owner, session) WHERE owner IS NOT NULL;
CREATE INDEX IF NOT EXISTS stream_closed
	ON stream(changed) WHERE is_open = 0;

-- There is one writer at a time, so gid is in the order of the commits: what
-- is above the last one seen is new, and all that is new is above it.
CREATE TABLE IF NOT EXISTS event(
	gid INTEGER PRIMARY KEY AUTOINCREMENT,
	session INTEGER NOT NULL,
	stream INTEGER NOT NULL,
	seq INTEGER NOT NULL,
	at INTEGER NOT NULL,
	key INTEGER,
	data BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS event_seq ON event(stream, seq);
CREATE UNIQUE INDEX IF NOT EXISTS event_key
	ON event(stream, key) WHERE key IS NOT NULL;

-- Every fact that is no event but somebody may wait for.  Nothing is deleted
-- but from the old end, so that a gap is seen.  kind: enum change_kind.
CREATE TABLE IF NOT EXISTS signal(
	gid INTEGER PRIMARY KEY AUTOINCREMENT,
	at INTEGER NOT NULL,
	session INTEGER NOT NULL,
	stream INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	ref INTEGER NOT NULL
) STRICT;

-- digest: of the list it is about, as it was raised last.
CREATE TABLE IF NOT EXISTS topic(
	id INTEGER PRIMARY KEY AUTOINCREMENT,
	name BLOB NOT NULL UNIQUE,
	version INTEGER NOT NULL DEFAULT 0,
	at INTEGER NOT NULL,
	digest BLOB CHECK(length(digest) = 16)
) STRICT;
CREATE INDEX IF NOT EXISTS topic_at ON topic(at) WHERE digest IS NULL;

-- Up to which version a session has been told.
CREATE TABLE IF NOT EXISTS want(
	session INTEGER NOT NULL,
	topic INTEGER NOT NULL,
	seen INTEGER NOT NULL,
	PRIMARY KEY(session, topic)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS want_topic ON want(topic);

CREATE TABLE IF NOT EXISTS host(
	name BLOB NOT NULL PRIMARY KEY,
	beat INTEGER NOT NULL DEFAULT 0,
	at INTEGER NOT NULL,
	is_draining INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS nonce(
	nonce BLOB NOT NULL PRIMARY KEY CHECK(length(nonce) = 16),
	end_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS nonce_end ON nonce(end_at);

-- What is inserted here is a session that is no more: all that was of it
-- goes.  The tables of calls come with the next file.
CREATE VIEW IF NOT EXISTS gone(session, at) AS
	SELECT 0, 0 WHERE false;
CREATE TRIGGER IF NOT EXISTS gone_takes_all INSTEAD OF INSERT ON gone
	BEGIN
	INSERT INTO signal(at, session, stream, kind, ref)
		SELECT NEW.at, session, coalesce(stream, 0), 4, number
		FROM call WHERE session = NEW.session AND session <> 0
		AND state = 1;
	UPDATE call SET is_cancelled = 1
		WHERE session = NEW.session AND session <> 0 AND state = 1;
	DELETE FROM question WHERE session = NEW.session;
	DELETE FROM cancel WHERE session = NEW.session;
	DELETE FROM event WHERE stream IN
		(SELECT number FROM stream WHERE session = NEW.session);
	DELETE FROM stream WHERE session = NEW.session;
	DELETE FROM want WHERE session = NEW.session;
	INSERT INTO signal(at, session, stream, kind, ref)
		VALUES(NEW.at, NEW.session, 0, 2, 0);
	END;
CREATE TRIGGER IF NOT EXISTS session_gone AFTER DELETE ON session
	WHEN OLD.state = 1
	BEGIN
	INSERT INTO gone(session, at)
		SELECT OLD.id, max(now, OLD.touched) FROM counter;
	END;
CREATE TRIGGER IF NOT EXISTS session_ended AFTER UPDATE OF state ON session
	WHEN OLD.state = 1 AND NEW.state = 2
	BEGIN
	INSERT INTO gone(session, at) VALUES(OLD.id, NEW.touched);
	END;
