#include "mariadb_engine.h"

#include <string.h>

/* "CALL name(?,?)", of names we wrote ourselves. */
#define CALL_MAX 512

/* An argument takes no more beside its bytes, the head of all included. */
#define ARGUMENT_BYTES ((size_t)32)

/* One call of a routine. */
struct call {
	struct maria *maria;
	MYSQL_STMT *statement;
	const struct remote_routine *routine;
	int64_t give_up;
	struct arena *arena;
	struct remote_rows *rows;
	struct buf *why;
};

/* Everything is rolled back, but for what the routine committed itself: a
 * handler in it does not see that it is stopped.  False: the connection is
 * gone. */
static bool
roll_back(const struct call *c)
{
	struct maria *m = c->maria;

	return maria_query(m, SLICE("ROLLBACK"), c->give_up) == 0;
}

static void
forget(struct call *c, enum remote_sql which)
{
	(void)maria_statement_close(c->maria, c->statement, c->give_up);
	c->maria->statement[which] = NULL;
	c->statement = NULL;
}

/* What became of a call that failed; is_sent as in maria_class(). */
static enum remote_result
failed(struct call *c, enum remote_sql which, bool is_sent)
{
	struct maria *m = c->maria;
	const unsigned int error = mysql_stmt_errno(c->statement);
	const char *sentence = mysql_stmt_error(c->statement);
	enum remote_result result = maria_class(error, sentence, is_sent);

	maria_say(c->why, error, sentence);
	if (m->is_late || maria_is_fatal(error)) {
		maria_shut(m);
		maria_drop(m);
		return result;
	}
	if (!is_sent || error == ER_NEED_REPREPARE)
		forget(c, which);
	if (!roll_back(c)) {
		/* The end of the connection does it, too. */
		maria_shut(m);
		maria_drop(m);
	}
	return result;
}

static enum remote_result
prepare(struct call *c, enum remote_sql which)
{
	struct maria *m = c->maria;
	struct buf sql = BUF_INIT(CALL_MAX);
	bool is_made = false;

	c->statement = mysql_stmt_init(m->my);
	m->statement[which] = c->statement;
	buf_printf(&sql, "CALL %s(", c->routine->name);
	for (const char *t = c->routine->types; *t != '\0'; t++)
		buf_printf(&sql, t == c->routine->types ? "?" : ",?");
	buf_put_char(&sql, ')');
	if (c->statement != NULL && buf_finish(&sql) == RC_OK)
		is_made = maria_prepare(m, c->statement, buf_slice(&sql),
			      c->give_up) == 0;
	buf_release(&sql);
	if (is_made)
		return REMOTE_DONE;
	if (c->statement == NULL || mysql_stmt_errno(c->statement) == 0) {
		maria_drop(m);
		return REMOTE_NOMEMORY;
	}
	return failed(c, which, false);
}

/* The library wants them writable. */
struct argument {
	struct remote_value value;
	my_bool is_null;
};

static void
bind_argument(MYSQL_BIND *bind, struct argument *a, char type)
{
	struct slice *bytes = &a->value.bytes;

	bind->is_null = &a->is_null;
	if (type == 'n') {
		a->is_null = a->value.is_number ? 0 : 1;
		bind->buffer_type = MYSQL_TYPE_LONGLONG;
		bind->buffer = &a->value.number;
		return;
	}
	a->is_null = bytes->ptr == NULL ? 1 : 0;
	bind->buffer_type = MYSQL_TYPE_LONG_BLOB;
	memcpy(&bind->buffer, &bytes->ptr, sizeof(bytes->ptr));
	bind->buffer_length = bytes->len;
}

static bool
bind_arguments(const struct call *c, const struct remote_value *values)
{
	const char *types = c->routine->types;
	const size_t n = strlen(types);
	MYSQL_BIND *bind = arena_alloc(c->arena, (n + 1) * sizeof(*bind));
	struct argument *a = arena_alloc(c->arena, (n + 1) * sizeof(*a));

	if (bind == NULL || a == NULL ||
	    mysql_stmt_param_count(c->statement) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		a[i].value = values[i];
		bind_argument(&bind[i], &a[i], types[i]);
	}
	return mysql_stmt_bind_param(c->statement, bind) == 0;
}

/* The result sets, of which the first with columns counts, up to the last
 * word of the server. */
static enum remote_result
take_results(struct call *c, enum remote_sql which)
{
	MYSQL_STMT *s = c->statement;
	bool is_taken = false;

	for (;;) {
		int more;

		if (mysql_stmt_field_count(s) > 0) {
			enum remote_result result = REMOTE_DONE;

			if (maria_statement_store(c->maria, s, c->give_up) != 0)
				return failed(c, which, true);
			if (!is_taken)
				result =
				    maria_rows(s, c->arena, c->rows, c->why);
			if (result != REMOTE_DONE)
				return result;
			is_taken = true;
		}
		if (!mysql_stmt_more_results(s))
			return REMOTE_DONE;
		more = maria_statement_next(c->maria, s, c->give_up);
		if (more > 0)
			return failed(c, which, true);
		if (more < 0)
			return REMOTE_DONE;
	}
}

/* The server would not say why it hangs up, perhaps before it has read all of
 * it, and would do so again. */
static bool
fits(const struct call *c, const struct remote_value *values)
{
	const size_t n = strlen(c->routine->types);
	size_t bytes = n * ARGUMENT_BYTES;

	for (size_t i = 0; i < n; i++)
		bytes += c->routine->types[i] == 'n' ? 0 : values[i].bytes.len;
	if (bytes <= (uint64_t)c->maria->packet_max)
		return true;
	buf_printf(c->why,
	    "%zu bytes are more than the server takes: "
	    "max_allowed_packet is %lld",
	    bytes, (long long)c->maria->packet_max);
	return false;
}

static enum remote_result
execute(struct call *c, enum remote_sql which)
{
	enum remote_result result;

	if (maria_execute(c->maria, c->statement, c->give_up) != 0)
		return failed(c, which, true);
	result = take_results(c, which);
	if (result == REMOTE_DONE) {
		/* Nothing is left to be read for it. */
		(void)mysql_stmt_free_result(c->statement);
	} else if (c->maria->my != NULL) {
		/* Done, but not to be told; results may be left. */
		maria_shut(c->maria);
		maria_drop(c->maria);
	}
	return result;
}

enum remote_result /* NOLINTNEXTLINE(readability-function-size) */
maria_run(struct remote_engine *e, enum remote_sql which,
    const struct remote_routine *routine, const struct remote_value *values,
    int64_t give_up_mono, struct arena *arena, struct remote_rows *rows,
    struct buf *why)
{
	struct maria *m = (struct maria *)e;
	enum remote_result result = REMOTE_DONE;
	struct call c = { .maria = m,
		.routine = routine,
		.give_up = give_up_mono,
		.arena = arena,
		.rows = rows,
		.why = why };

	*rows = (struct remote_rows){ 0 };
	if (m->my == NULL)
		return REMOTE_LOST;
	if (maria_is_stale(m)) {
		buf_printf(why, "the server has hung up");
		maria_shut(m);
		maria_drop(m);
		return REMOTE_LOST;
	}
	c.statement = m->statement[which];
	if (c.statement == NULL)
		result = prepare(&c, which);
	if (result != REMOTE_DONE)
		return result;
	if (!fits(&c, values))
		return REMOTE_FAILED;
	if (!bind_arguments(&c, values)) {
		forget(&c, which);
		return REMOTE_NOMEMORY;
	}
	return execute(&c, which);
}
