#include "mariadb_engine.h"

#include <string.h>

#include "text.h"

/* Of the first cell; what is no number is 0. */
static int64_t
first_number(MYSQL_RES *result)
{
	MYSQL_ROW row = mysql_fetch_row(result);
	const unsigned long *lengths = mysql_fetch_lengths(result);
	struct slice digits;
	uint64_t value = 0;

	if (row == NULL || lengths == NULL || row[0] == NULL)
		return 0;
	digits = (struct slice){ row[0], lengths[0] };
	if (text_u64(digits, INT64_MAX, &value) != RC_OK)
		return 0;
	return (int64_t)value;
}

static enum remote_result
failed(const struct maria *m, struct buf *why)
{
	const unsigned int error = mysql_errno(m->my);
	const char *sentence = mysql_error(m->my);

	maria_say(why, error, sentence);
	return maria_class(error, sentence, true);
}

enum remote_result
maria_texts(struct maria *m, struct slice sql, int64_t give_up_mono,
    int64_t *number, struct buf *why)
{
	int more = 0; /* -1: there are no more */

	*number = 0;
	if (maria_query(m, sql, give_up_mono) != 0)
		return failed(m, why);
	while (more == 0) {
		MYSQL_RES *result = maria_store_result(m, give_up_mono);

		if (result != NULL) {
			*number = first_number(result);
			mysql_free_result(result);
		} else if (mysql_errno(m->my) != 0) {
			return failed(m, why);
		}
		more = maria_next_result(m, give_up_mono);
	}
	return more < 0 ? REMOTE_DONE : failed(m, why);
}

/* What is not needed is not allowed. */
static bool
allow_several(struct maria *m, bool yes, int64_t give_up)
{
	return maria_option(m,
		   yes ? MYSQL_OPTION_MULTI_STATEMENTS_ON
		       : MYSQL_OPTION_MULTI_STATEMENTS_OFF,
		   give_up) == 0;
}

enum remote_result
maria_text(struct remote_engine *e, const char *sql, int64_t give_up_mono,
    int64_t *number, struct buf *why)
{
	struct maria *m = (struct maria *)e;
	const bool is_several = strchr(sql, ';') != NULL;
	enum remote_result result = REMOTE_LOST;

	*number = 0;
	if (m->my == NULL)
		return REMOTE_LOST;
	if (maria_is_stale(m) ||
	    (is_several && !allow_several(m, true, give_up_mono)))
		buf_printf(why, "the connection was lost");
	else
		result =
		    maria_texts(m, slice_of(sql), give_up_mono, number, why);
	if (result == REMOTE_DONE &&
	    (!is_several || allow_several(m, false, give_up_mono)))
		return REMOTE_DONE;
	/* Of what failed, unread results may be left. */
	maria_shut(m);
	maria_drop(m);
	return result;
}
