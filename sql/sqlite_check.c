#include <string.h>

#include "sqlite_private.h"

#define LAW(n, broken) " UNION ALL SELECT " #n " WHERE EXISTS(" broken ")"

#define IS_LIVE(id)                                                            \
	"EXISTS(SELECT 1 FROM session WHERE id = " id " AND state = 1)"

const struct sqlite_text sqlite_check_texts[] = {
	{ SQL_CHECK_FILE, "PRAGMA integrity_check(1)" },
	/* Every row is a law; its number comes out where it is broken. */
	{ SQL_CHECK_FACTS,
	    "SELECT 1 WHERE (SELECT live FROM tally) IS NOT"
	    " (SELECT count(*) FROM session WHERE state = 1)"
	    " UNION ALL SELECT 2 WHERE (SELECT count(*) FROM rev"
	    " WHERE shard BETWEEN 0 AND 255 AND rev >= 0) <> 256"
	    " UNION ALL SELECT 3 WHERE (SELECT count(*) FROM meta WHERE k IN"
	    " ('schema', 'oldest_program', 'incarnation', 'boot_id')) <> 4"
	    " UNION ALL SELECT 4 WHERE EXISTS(SELECT 1 FROM session"
	    " WHERE state = 2 AND (why = 0 OR caps <> 0 OR initialized <> 0"
	    " OR log_level <> -1 OR revision IS NOT NULL"
	    " OR principal_name IS NOT NULL OR client IS NOT NULL))"
	    " UNION ALL SELECT 5 WHERE EXISTS(SELECT 1 FROM session"
	    " WHERE state = 1 AND why <> 0)"
	    " UNION ALL SELECT 6 WHERE (SELECT count(*) FROM cluster_key) > 8"
	    " UNION ALL SELECT 7 WHERE (SELECT max(id) FROM session) >"
	    " (SELECT last_id FROM tally)"
	    " UNION ALL SELECT 8 WHERE EXISTS("
	    "SELECT principal, count(*) FROM session WHERE state = 1"
	    " GROUP BY principal EXCEPT SELECT principal, live FROM holder)"
	    " UNION ALL SELECT 9 WHERE (SELECT count(*) FROM holder) <>"
	    " (SELECT count(DISTINCT principal) FROM session WHERE state = "
	    "1)" },
	{ SQL_CHECK_LOG,
	    "SELECT 0 WHERE false"
	    /* Nothing is without that which it belongs to. */
	    LAW(20,
		"SELECT 1 FROM stream s WHERE NOT " IS_LIVE(
		    "s.session")) LAW(21,
		"SELECT 1 FROM event e LEFT JOIN stream s"
		" ON s.number = e.stream WHERE s.session IS NOT e.session")
		LAW(22,
		    "SELECT 1 FROM want w WHERE NOT " IS_LIVE(
			"w.session")) LAW(23,
		    "SELECT 1 FROM want w LEFT JOIN topic t ON t.id = w.topic"
		    " WHERE t.id IS NULL") LAW(24,
		    "SELECT 1 FROM question q WHERE session <> 0"
		    " AND NOT " IS_LIVE("q.session")) LAW(25,
		    "SELECT 1 FROM cancel c WHERE NOT " IS_LIVE("c.session"))
		    LAW(26,
			"SELECT 1 FROM call c WHERE state = 1 AND session <> 0"
			" AND is_cancelled = 0 AND NOT " IS_LIVE("c.session"))
	    /* Events purged + 1 ... head are there, without a gap. */
	    LAW(30,
		"SELECT 1 FROM stream s LEFT JOIN (SELECT stream,"
		" count(*) AS n, min(seq) AS low, max(seq) AS high,"
		" sum(length(data)) AS bytes FROM event GROUP BY stream) e"
		" ON e.stream = s.number"
		" WHERE coalesce(e.n, 0) <> head - purged"
		" OR coalesce(e.low, purged + 1) <> purged + 1"
		" OR coalesce(e.high, head) <> head"
		" OR coalesce(e.bytes, 0) <> s.bytes") LAW(31,
		"SELECT 1 FROM stream WHERE purged < 0 OR sent < purged"
		" OR head < sent OR reader < 1") LAW(32,
		"SELECT 1 FROM stream WHERE kind = 2 AND is_open = 1"
		" GROUP BY session HAVING count(*) > 1") LAW(33,
		"SELECT 1 FROM stream WHERE is_open = 1"
		" AND incarnation <>"
		" (SELECT v FROM meta WHERE k = 'incarnation')")
	    /* No number is ahead of the counter that it came from. */
	    LAW(40,
		"SELECT 1 FROM stream WHERE number > coalesce("
		"(SELECT seq FROM sqlite_sequence WHERE name = 'stream'), 0)")
		LAW(41,
		    "SELECT 1 FROM topic WHERE version >"
		    " (SELECT topic FROM counter)") LAW(42,
		    "SELECT 1 FROM want WHERE seen >"
		    " (SELECT topic FROM counter)") LAW(43,
		    "SELECT 1 WHERE (SELECT count(*) FROM counter) <> 1")
	    /* Signals go from the old end only. */
	    LAW(50,
		"SELECT 1 FROM (SELECT count(*) AS n, min(gid) AS low,"
		" max(gid) AS high FROM signal) WHERE n > 0 AND n <> high - "
		"low + 1") },
	{ SQL_STATEMENTS, NULL },
};

static enum rc
check_file(struct sqlite_store *s)
{
	const unsigned char *text = NULL;
	bool row = false;
	enum rc rc = sqlite_bind(s, SQL_CHECK_FILE, NULL, 0);

	if (rc == RC_OK)
		rc = sqlite_step(s, SQL_CHECK_FILE, &row);
	if (rc == RC_OK && row)
		text = sqlite3_column_text(s->statement[SQL_CHECK_FILE], 0);
	if (rc == RC_OK &&
	    (text == NULL || strcmp((const char *)text, "ok") != 0)) {
		log_event(s->options.log, LOG_ERROR, "store", "check=%s",
		    text == NULL ? "" : (const char *)text);
		rc = RC_BUG;
	}
	sqlite_done(s, SQL_CHECK_FILE);
	return rc;
}

static enum rc
check_facts(struct sqlite_store *s, enum sqlite_sql which)
{
	int64_t broken = 0;
	enum rc rc = sqlite_number(s, which, NULL, 0, &broken);

	if (rc == RC_NOTFOUND)
		return RC_OK;
	if (rc != RC_OK)
		return rc;
	log_event(s->options.log, LOG_ERROR, "store", "broken=%lld",
	    (long long)broken);
	return RC_BUG;
}

enum rc
sqlite_check(struct store *base, const struct op *op)
{
	struct sqlite_store *s = (struct sqlite_store *)base;
	enum rc rc = sqlite_snapshot_begin(s, op);

	if (rc != RC_OK)
		return rc;
	rc = check_file(s);
	if (rc == RC_OK)
		rc = check_facts(s, SQL_CHECK_FACTS);
	if (rc == RC_OK)
		rc = check_facts(s, SQL_CHECK_LOG);
	if (rc == RC_OK)
		rc = check_facts(s, SQL_CALLS_CHECK);
	return sqlite_snapshot_end(s, rc);
}
