#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_clock.h"
#include "fcgi_bench.h"
#include "scratch_folder.h"
#include "session_id.h"
#include "trace.h"

#define NOW INT64_C(1790000000123)
/* The form of an id; who made it does not matter. */
#define ID                                                                     \
	"AQAAAAEBAgMEBQYHCAkKCwwNDg8QAQIDBAUGBwgJCgsMDQ4P"                     \
	"EBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKw"
_Static_assert(sizeof(ID) == SESSION_ID_CHARS + 1, "an id");

struct bench {
	struct scratch_folder folder;
	struct fake_clock clock;
	struct log log;
	struct buf said;
	struct buf found; /* contents of the file */
	struct trace *trace;
	char file[128];
	char hash[16]; /* of ID */
};

static void
keep_lines(void *ctx, struct slice lines)
{
	buf_put_slice(ctx, lines);
}

static int
setup(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	struct buf hash = BUF_INIT(16);

	assert_non_null(b);
	scratch_folder_init(&b->folder);
	fake_clock_init(&b->clock, NOW);
	b->said = BUF_INIT(10000);
	b->found = BUF_INIT((size_t)16 * 1024 * 1024);
	b->log = LOG_INIT(keep_lines, &b->said, LOG_DEBUG);
	(void)snprintf(b->file, sizeof(b->file), "%s/trace", b->folder.path);
	session_id_put_short(&hash, SLICE(ID));
	assert_int_equal(hash.len, 8);
	memcpy(b->hash, hash.ptr, hash.len);
	buf_release(&hash);
	*state = b;
	return 0;
}

static int
teardown(void **state)
{
	struct bench *b = *state;

	trace_free(b->trace);
	scratch_folder_release(&b->folder);
	log_release(&b->log);
	buf_release(&b->said);
	buf_release(&b->found);
	free(b);
	return 0;
}

static void
open_trace(struct bench *b)
{
	trace_free(b->trace);
	b->trace = trace_open(b->file, &b->clock.clock, &b->log);
	assert_non_null(b->trace);
}

/* What the file has, as a string. */
static const char *
found(struct bench *b)
{
	FILE *f = fopen(b->file, "r");
	char piece[4096];
	size_t n;

	assert_non_null(f);
	buf_reset(&b->found);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_put(&b->found, piece, n);
	(void)fclose(f);
	buf_put_char(&b->found, '\0');
	assert_int_equal(buf_finish(&b->found), RC_OK);
	return b->found.ptr;
}

static struct http_request
post(struct slice body)
{
	struct http_request r = { .method = HTTP_POST,
		.method_name = SLICE("POST"),
		.path = SLICE("/mcp"),
		.body = body };

	r.field[HTTP_ACCEPT] = SLICE("*/*");
	r.field[HTTP_AUTHORIZATION] = SLICE("Bearer secret");
	r.field[HTTP_MCP_SESSION_ID] = SLICE(ID);
	return r;
}

static void
an_exchange_is_a_line_for_each_thing_that_was_said(void **state)
{
	struct bench *b = *state;
	struct http_request r = post(SLICE("{\"a\":\"\\n\"}\xFF"));
	struct http_param param = { SLICE("REGION"), SLICE("eu"), NULL };
	struct buf want = BUF_INIT(4096);
	char start[100];
	uint64_t number;

	r.params = &param;
	r.remote_user = SLICE("alice");
	open_trace(b);
	number = trace_request(b->trace, &r);
	trace_answer(b->trace, number,
	    SLICE("Status: 200 OK\r\nContent-Type: text/event-stream\r\n"
		  "Mcp-Session-Id: " ID "\r\n\r\ndata: 1\n\n"));
	trace_more(b->trace, number, SLICE("data: 2\n\n"));
	trace_end(b->trace, number, false);
	(void)snprintf(start, sizeof(start),
	    "{\"ms\":%lld,\"pid\":%ld,\"connection\":1,\"what\":",
	    (long long)NOW, (long)getpid());
	buf_printf(&want,
	    "%s\"request\",\"session\":\"%s\",\"method\":\"POST\","
	    "\"target\":\"/mcp\",\"user\":\"alice\",\"headers\":{"
	    "\"Accept\":\"*/*\",\"Mcp-Param-REGION\":\"eu\"},"
	    "\"body\":\"{\\\"a\\\":\\\"\\\\n\\\"}\xEF\xBF\xBD\"}\n",
	    start, b->hash);
	buf_printf(&want,
	    "%s\"answer\",\"status\":200,\"session\":\"%s\",\"headers\":{"
	    "\"Content-Type\":\"text/event-stream\"},"
	    "\"body\":\"data: 1\\n\\n\"}\n",
	    start, b->hash);
	buf_printf(&want, "%s\"more\",\"body\":\"data: 2\\n\\n\"}\n", start);
	buf_printf(&want, "%s\"end\"}\n", start);
	assert_int_equal(buf_finish(&want), RC_OK);
	assert_string_equal(found(b), want.ptr);
	buf_release(&want);
}

static void
no_id_and_no_token_is_ever_shown(void **state)
{
	struct bench *b = *state;
	struct http_request r = post(SLICE("sessionId=" ID));
	uint64_t number;

	r.field[HTTP_MCP_SESSION_ID] = SLICE_NONE;
	r.query = SLICE("a=b&sessionId=" ID "&c");
	open_trace(b);
	number = trace_request(b->trace, &r);
	trace_answer(b->trace, number,
	    SLICE("Status: 200 OK\r\nmcp-session-id:" ID "\r\n\r\n"
		  "event: endpoint\ndata: /messages?sessionId=" ID "\n\n"));
	trace_more(b->trace, number,
	    SLICE("sessionId=&sessionId=" ID "sessionId=" ID));
	assert_null(strstr(found(b), ID));
	assert_null(strstr(found(b), "secret"));
	assert_non_null(strstr(found(b), "\"/mcp?a=b&sessionId="));
	assert_non_null(strstr(found(b), "\"session\":\""));
	assert_non_null(strstr(found(b), b->hash));
}

static void
the_file_is_ours_alone_and_is_added_to(void **state)
{
	struct bench *b = *state;
	struct http_request r = post(SLICE("{}"));
	struct stat st;
	int fd = open(b->file, O_WRONLY | O_CREAT, 0644);

	assert_int_equal(write(fd, "before\n", 7), 7);
	assert_int_equal(fchmod(fd, 0644), 0);
	(void)close(fd);
	for (int i = 0; i < 2; i++) {
		open_trace(b);
		assert_int_equal(trace_request(b->trace, &r), 1);
		assert_int_equal(trace_request(b->trace, &r), 2);
	}
	assert_int_equal(stat(b->file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_memory_equal(found(b), "before\n{", 8);
	assert_int_equal(unlink(b->file), 0);
	open_trace(b);
	assert_int_equal(stat(b->file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
}

enum obstacle { FOLDER, PIPE, LINK, NOWHERE };

static void
put_obstacle(struct bench *b, enum obstacle what)
{
	(void)rmdir(b->file);
	(void)unlink(b->file);
	if (what == FOLDER)
		assert_int_equal(mkdir(b->file, 0700), 0);
	if (what == PIPE)
		assert_int_equal(mkfifo(b->file, 0600), 0);
	if (what == LINK)
		assert_int_equal(symlink("elsewhere", b->file), 0);
	if (what == NOWHERE)
		(void)snprintf(
		    b->file, sizeof(b->file), "%s/no/trace", b->folder.path);
}

static void
what_cannot_be_used_is_logged_and_that_is_all(void **state)
{
	struct bench *b = *state;
	struct http_request r = post(SLICE("{}"));

	for (enum obstacle what = FOLDER; what <= NOWHERE; what++) {
		put_obstacle(b, what);
		buf_reset(&b->said);
		assert_null(trace_open(b->file, &b->clock.clock, &b->log));
		assert_non_null(strstr(b->said.ptr, "trace-fails"));
	}
	assert_null(trace_open(NULL, &b->clock.clock, &b->log));
	assert_int_equal(trace_request(NULL, &r), 0);
	trace_answer(NULL, 0, SLICE("Status: 200 OK\r\n\r\n"));
	trace_more(NULL, 0, SLICE("data: 1\n\n"));
	trace_end(NULL, 0, true);
}

static void
of_a_long_body_only_the_beginning_is_kept(void **state)
{
	const size_t n = (size_t)3 * 1024 * 1024;
	struct bench *b = *state;
	char *bytes = malloc(n);
	struct http_request r;

	assert_non_null(bytes);
	/* Six bytes of the line for each. */
	memset(bytes, 1, n);
	r = post((struct slice){ bytes, n });
	open_trace(b);
	(void)trace_request(b->trace, &r);
	assert_non_null(strstr(found(b), "\\u0001\",\"bytes\":3145728}\n"));
	assert_true(b->found.len > (size_t)6 * 1024 * 1024);
	assert_true(b->found.len < (size_t)7 * 1024 * 1024);
	assert_int_equal(b->said.len, 0);
	free(bytes);
}

static void
limit_file(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static size_t
count(const char *text, const char *what)
{
	size_t n = 0;

	for (; (text = strstr(text, what)) != NULL; text++)
		n++;
	return n;
}

static void
a_full_disk_is_logged_once_and_what_follows_begins_a_line(void **state)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct bench *b = *state;
	struct http_request r = post(SLICE("{}"));

	assert_int_equal(sigaction(SIGXFSZ, &ignore, NULL), 0);
	open_trace(b);
	limit_file(20);
	for (int i = 0; i < 3; i++)
		(void)trace_request(b->trace, &r);
	limit_file(RLIM_INFINITY);
	assert_int_equal(count(b->said.ptr, "trace-fails"), 1);
	assert_int_equal(strlen(found(b)), 20);
	assert_int_equal(trace_request(b->trace, &r), 4);
	assert_int_equal(trace_request(b->trace, &r), 5);
	(void)found(b);
	assert_string_equal(strchr(b->found.ptr, '\n') + 1,
	    strstr(b->found.ptr + 1, "{\"ms\""));
	assert_int_equal(count(b->found.ptr, "}\n"), 2);
	/* The next trouble is another one. */
	limit_file(20);
	(void)trace_request(b->trace, &r);
	limit_file(RLIM_INFINITY);
	assert_int_equal(count(b->said.ptr, "trace-fails"), 2);
}

/* ------------------------------------------------------- what answers it */

static void
take(struct fcgi_bench *r)
{
	fcgi_bench_begin(r, false);
	fcgi_bench_put_params(r);
	fcgi_bench_put_end(r);
	fcgi_bench_dial(r);
	assert_int_equal(fcgi_bench_take(r), RC_OK);
}

static void
what_is_answered_is_what_is_traced(void **state)
{
	struct bench *b;
	struct fcgi_bench *r;
	struct fcgi_answer done;

	assert_int_equal(setup(state), 0);
	b = *state;
	assert_int_equal(fcgi_bench_setup((void **)&r), 0);
	open_trace(b);
	fcgi_io_trace(r->io, b->trace);
	take(r);
	(void)fcgi_bench_answer(r->io, 200, "{\"whole\":1}");
	fcgi_bench_hear(r);
	take(r);
	assert_int_equal(fcgi_sink(r->io)->ops->head(
			     fcgi_sink(r->io), 200, NULL, 0, SINK_STREAM),
	    RC_OK);
	assert_int_equal(fcgi_sink(r->io)->ops->body(
			     fcgi_sink(r->io), SLICE("data: piece\n\n")),
	    RC_OK);
	/* Without an end. */
	fcgi_finish(r->io, &done);
	(void)found(b);
	assert_int_equal(count(b->found.ptr, "\"what\":\"request\""), 2);
	assert_int_equal(count(b->found.ptr,
			     "\"status\":200,\"headers\":{\"Content-Type\":"
			     "\"application/json\",\"Content-Length\":\"11\"},"
			     "\"body\":\"{\\\"whole\\\":1}\"}\n"),
	    1);
	assert_int_equal(count(b->found.ptr,
			     "\"connection\":2,\"what\":\"more\","
			     "\"body\":\"data: piece\\n\\n\"}\n"),
	    1);
	assert_int_equal(
	    count(b->found.ptr, "\"connection\":1,\"what\":\"end\"}\n"), 1);
	assert_int_equal(count(b->found.ptr,
			     "\"connection\":2,\"what\":\"end\",\"cut\":true}"
			     "\n"),
	    1);
	fcgi_bench_teardown((void **)&r);
}

int
main(void)
{
#define WITH_BENCH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_BENCH(an_exchange_is_a_line_for_each_thing_that_was_said),
		WITH_BENCH(no_id_and_no_token_is_ever_shown),
		WITH_BENCH(the_file_is_ours_alone_and_is_added_to),
		WITH_BENCH(what_cannot_be_used_is_logged_and_that_is_all),
		WITH_BENCH(of_a_long_body_only_the_beginning_is_kept),
		WITH_BENCH(
		    a_full_disk_is_logged_once_and_what_follows_begins_a_line),
		cmocka_unit_test_teardown(
		    what_is_answered_is_what_is_traced, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
