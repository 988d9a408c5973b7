-- Who keeps a copy of a session's row sees that it is out of date: every way in
-- which a row changes what its session does, or goes, raises its shard.  (Who
-- ends one has always raised it.)  Here, so that it holds for the programs of
-- the former release as well.

-- The first byte of the sid as a number, from its two hexadecimal digits.
CREATE TRIGGER IF NOT EXISTS session_changes_rev
	AFTER UPDATE OF transport, caps, log_level, initialized, lists,
		revision, principal_name, client ON session
	WHEN NEW.state = 1
	BEGIN
	UPDATE rev SET rev = rev + 1 WHERE shard =
		16 * instr('123456789ABCDEF', substr(hex(NEW.sid), 1, 1))
		+ instr('123456789ABCDEF', substr(hex(NEW.sid), 2, 1));
	END;
CREATE TRIGGER IF NOT EXISTS session_goes_rev AFTER DELETE ON session
	BEGIN
	UPDATE rev SET rev = rev + 1 WHERE shard =
		16 * instr('123456789ABCDEF', substr(hex(OLD.sid), 1, 1))
		+ instr('123456789ABCDEF', substr(hex(OLD.sid), 2, 1));
	END;
