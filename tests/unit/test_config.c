#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cache_front.h"
#include "config.h"

struct fixture {
	char folder[64];
	char file[96];
	struct config config;
	struct buf why;
};

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	(void)snprintf(f->folder, sizeof(f->folder), "/tmp/mcp-config-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	(void)snprintf(f->file, sizeof(f->file), "%s/mcp.conf", f->folder);
	f->why = BUF_INIT(65536);
	assert_int_equal(config_init(&f->config, f->folder), RC_OK);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	(void)unlink(f->file);
	(void)rmdir(f->folder);
	config_release(&f->config);
	buf_release(&f->why);
	free(f);
	return 0;
}

static void
write_bytes(const struct fixture *f, const char *bytes, size_t n)
{
	FILE *file = fopen(f->file, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

static enum rc
read_text(struct fixture *f, const char *text)
{
	write_bytes(f, text, strlen(text));
	config_release(&f->config);
	assert_int_equal(config_init(&f->config, f->folder), RC_OK);
	buf_reset(&f->why);
	return config_read(&f->config, f->file, &f->why);
}

static void
every_key_has_a_default_that_works(void **state)
{
	const struct fixture *f = *state;
	const struct config *c = &f->config;

	assert_string_equal(c->name, "mcp-fcgi");
	assert_null(c->title);
	assert_null(c->socket);
	assert_null(c->catalog);
	assert_null(c->cluster_key);
	assert_string_equal(c->path, "/mcp");
	assert_string_equal(c->state, "/var/lib/mcp-fcgi");
	assert_string_equal(
	    c->store_url, "sqlite:///var/lib/mcp-fcgi/sessions.db");
	assert_false(c->allow_network_fs);
	assert_int_equal(c->sessions, SESSIONS_REQUIRED);
	assert_int_equal(c->remote_user, TRUST_AUTH_TYPE);
	assert_int_equal(c->log_level, LOG_INFO);
	assert_int_equal(c->workers, 0);
	assert_int_equal(c->body, 4 * 1024 * 1024);
	assert_int_equal(c->page, 100);
	assert_int_equal(c->grace_ms, 10000);
	assert_int_equal(c->session_idle_ms, 7LL * 86400 * 1000);
	assert_int_equal(c->origins.n, 0);
	assert_string_equal(c->sse_path, "/sse");
	assert_string_equal(c->messages_path, "/messages");
	assert_false(c->json_only);
	assert_int_equal(c->tick_ms, 10);
	assert_null(c->stream_socket);
	assert_int_equal(c->calls, 64);
	assert_int_equal(c->event_age_ms, 24LL * 3600 * 1000);
}

static void
values_are_taken_with_their_units(void **state)
{
	struct fixture *f = *state;
	const struct config *c = &f->config;

	assert_int_equal(read_text(f,
			     "# a comment\n"
			     "[server]\n"
			     "name = Weather; and more\n"
			     "workers=3 ; a comment\n"
			     "grace: 250ms\n"
			     "log_level = debug\n"
			     "[store]\n"
			     "allow_network_fs = yes\n"
			     "[http]\n"
			     "sessions = off\n"
			     "strict = yes\n"
			     "body_only = yes\n"
			     "modern_ping = yes\n"
			     "responses = json\n"
			     "sse = none\n"
			     "[stream]\n"
			     "memory = 2M\n"
			     "[auth]\n"
			     "remote_user = no\n"
			     "[limits]\n"
			     "body = 8M\n"
			     "session_idle = 2d\n"
			     "page = 7\n"
			     "[catalog]\n"
			     "tool_memory = 2G\n"
			     "tool_timeout = 90\n"),
	    RC_OK);
	assert_string_equal(c->name, "Weather; and more");
	assert_int_equal(c->workers, 3);
	assert_int_equal(c->grace_ms, 250);
	assert_int_equal(c->log_level, LOG_DEBUG);
	assert_true(c->allow_network_fs);
	assert_int_equal(c->sessions, SESSIONS_OFF);
	assert_true(c->strict);
	assert_true(c->body_only);
	assert_true(c->modern_ping);
	assert_true(c->json_only);
	assert_null(c->sse_path);
	assert_int_equal(c->stream_memory, 2 * 1024 * 1024);
	assert_int_equal(c->remote_user, TRUST_NEVER);
	assert_int_equal(c->body, 8 * 1024 * 1024);
	assert_int_equal(c->session_idle_ms, 2LL * 86400 * 1000);
	assert_int_equal(c->page, 7);
	assert_int_equal(c->tool_memory, 2LL << 30);
	assert_int_equal(c->tool_timeout_ms, 90000);
}

static void
paths_begin_where_the_file_lies(void **state)
{
	struct fixture *f = *state;
	char want[512];

	assert_int_equal(
	    read_text(f,
		"[server]\nstate = state\nsocket = run/mcp.sock\n"
		"[store]\nurl = sqlite:data/mcp.db\n"
		"[catalog]\nfolder = /srv/tools\nmodules = a.so\n"),
	    RC_OK);
	(void)snprintf(want, sizeof(want), "%s/state", f->folder);
	assert_string_equal(f->config.state, want);
	(void)snprintf(want, sizeof(want), "%s/run/mcp.sock", f->folder);
	assert_string_equal(f->config.socket, want);
	(void)snprintf(
	    want, sizeof(want), "sqlite://%s/data/mcp.db", f->folder);
	assert_string_equal(f->config.store_url, want);
	assert_string_equal(f->config.catalog, "/srv/tools");
	(void)snprintf(want, sizeof(want), "%s/a.so", f->folder);
	assert_string_equal(f->config.modules.item[0], want);
}

/* Where a file lies that is named without its folder, or by a path that does
 * not begin with a slash. */
static void
a_file_named_from_here_lies_here(void **state)
{
	struct fixture *f = *state;
	const char *base = strrchr(f->folder, '/') + 1;
	char from_above[128];
	const char *const names[] = { "mcp.conf", "./mcp.conf", from_above };
	char here[PATH_MAX];

	(void)snprintf(from_above, sizeof(from_above), "../%s/mcp.conf", base);
	write_bytes(f, "[server]\nstate = state\n", 23);
	assert_non_null(getcwd(here, sizeof(here)));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		enum rc rc;

		config_release(&f->config);
		assert_int_equal(config_init(&f->config, "/etc"), RC_OK);
		assert_int_equal(chdir(f->folder), 0);
		rc = config_read(&f->config, names[i], &f->why);
		assert_int_equal(chdir(here), 0);
		assert_int_equal(rc, RC_OK);
		assert_int_equal(f->config.state[0], '/');
		assert_true(strncmp(f->config.state, "/etc", 4) != 0);
		assert_non_null(strstr(f->config.state, base));
		assert_string_equal(strrchr(f->config.state, '/'), "/state");
	}
}

static void
a_socket_with_a_colon_is_no_path(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_text(f, "[server]\nsocket = :9000\n"), RC_OK);
	assert_string_equal(f->config.socket, ":9000");
}

static void
lists_repeat_and_go_on_in_further_lines(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_text(f,
			     "[http]\norigins = https://a.example\n"
			     "  https://b.example\n"
			     "origins = https://c.example\n"),
	    RC_OK);
	assert_int_equal(f->config.origins.n, 3);
	assert_string_equal(f->config.origins.item[0], "https://a.example");
	assert_string_equal(f->config.origins.item[1], "https://b.example");
	assert_string_equal(f->config.origins.item[2], "https://c.example");
}

static void
servers_stand_between_commas(void **state)
{
	static const char *const servers[] = { "10.0.0.5:11211",
		"/run/memcached", "[::1]:1", "b.example:2" };
	struct fixture *f = *state;

	assert_int_equal(
	    read_text(f,
		"[cache]\nservers = 10.0.0.5:11211, /run/memcached,\n"
		"  [::1]:1\nservers = b.example:2\n"),
	    RC_OK);
	assert_int_equal(f->config.cache_servers.n, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(
		    f->config.cache_servers.item[i], servers[i]);
}

/* Without servers, or by itself for SQLite, there is no cache of rows. */
static void
rows_are_cached_where_that_pays(void **state)
{
	static const struct {
		const char *text;
		bool keeps_rows;
	} rows[] = {
		{ "", false },
		{ "[cache]\nrows = on\n", false },
		{ "[cache]\nservers = a:1\n", false },
		{ "[cache]\nservers = a:1\nrows = on\n", true },
		{ "[cache]\nservers = a:1\n[store]\nurl = mariadb://h/d\n",
		    true },
		{ "[cache]\nservers = a:1\nrows = off\n"
		  "[store]\nurl = postgresql://h/d\n",
		    false },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(read_text(f, rows[i].text), RC_OK);
		assert_int_equal(
		    cache_front_keeps_rows(&f->config), rows[i].keeps_rows);
	}
}

static void
a_text_goes_on_in_further_lines(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_text(f,
			     "[server]\ninstructions = one\n\ttwo = 2\n"
			     "  three\ntitle = x\n"),
	    RC_OK);
	assert_string_equal(f->config.instructions, "one\ntwo = 2\nthree");
	assert_string_equal(f->config.title, "x");
}

struct refusal {
	const char *text;
	const char *finding; /* behind the file's name */
};

static const struct refusal refusals[] = {
	{ "[server]\nnmae = x\n", ":2: server.nmae is no key\n" },
	{ "[sever]\nname = x\n", ":2: sever.name is no key\n" },
	{ "name = x\n", ":1: .name is no key\n" },
	{ "\n\n[server]\nwords\n", ":4: neither [section] nor name = value\n" },
	{ "[server]\nname = a\nname = b\n", ":3: the key was given before\n" },
	{ "[limits]\nbody = 1M\n[http]\n[limits]\n  body = 2M\n",
	    ":5: the key was given before\n" },
	{ "[limits]\nbody = 1T\n",
	    ":2: limits.body must be a size from 1K to 1G\n" },
	{ "[limits]\nbody = 2G\n",
	    ":2: limits.body must be a size from 1K to 1G\n" },
	{ "[limits]\nbody = -1\n",
	    ":2: limits.body must be a size from 1K to 1G\n" },
	{ "[limits]\nbody = 99999999999999999999G\n",
	    ":2: limits.body must be a size from 1K to 1G\n" },
	{ "[limits]\nbody = 9999999999G\n",
	    ":2: limits.body must be a size from 1K to 1G\n" },
	{ "[limits]\nbody =\n",
	    ":2: limits.body must be a size from 1K to 1G\n" },
	{ "[limits]\npage = 10s\n",
	    ":2: limits.page must be a number from 1 to 10000\n" },
	{ "[server]\ngrace = 1 s\n",
	    ":2: server.grace must be a time from 0 to 1d\n" },
	{ "[http]\nsessions = maybe\n",
	    ":2: http.sessions must be required or optional or off\n" },
	{ "[http]\npath = mcp\n",
	    ":2: http.path must begin with /, or be *\n" },
	{ "[http]\nsse = sse\n",
	    ":2: http.sse must begin with /, or be none\n" },
	{ "[http]\npath =\n", ":2: http.path must not be empty\n" },
	{ "[store]\ncluster_key = 0123\n",
	    ":2: store.cluster_key must be 64 hex digits\n" },
	{ "[cache]\nservers = localhost\n",
	    ":2: cache.servers must be host:port, or a path that begins with "
	    "/\n" },
	{ "[cache]\nservers = a:1, run/socket\n",
	    ":2: cache.servers must be host:port, or a path that begins with "
	    "/\n" },
	{ "[cache]\nprefix = a b\n",
	    ":2: cache.prefix must be short visible ASCII\n" },
	{ "[server]\nname = a\n  b\n", ":3: server.name has no second line\n" },
	{ "[server]\nname = \xff\n", ":2: server.name must be UTF-8\n" },
	{ "[server]\nname = a\033b\n",
	    ":2: server.name must not hold control characters\n" },
};

static void
what_is_wrong_is_refused_with_file_and_line(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		char want[512];

		assert_int_equal(read_text(f, refusals[i].text), RC_SYNTAX);
		(void)snprintf(
		    want, sizeof(want), "%s%s", f->file, refusals[i].finding);
		assert_string_equal(f->why.ptr, want);
	}
}

static void
all_findings_are_told(void **state)
{
	struct fixture *f = *state;
	char want[512];

	assert_int_equal(
	    read_text(f, "[server]\nnmae = x\nname = ok\nworkers = many\n"),
	    RC_SYNTAX);
	(void)snprintf(want, sizeof(want),
	    "%s:2: server.nmae is no key\n"
	    "%s:4: server.workers must be a number from 0 to 1024\n",
	    f->file, f->file);
	assert_string_equal(f->why.ptr, want);
}

static void
a_line_that_is_too_long_is_refused_once(void **state)
{
	struct fixture *f = *state;
	char text[1024] = "[server]\nname = ";
	char want[512];

	memset(text + strlen(text), 'x', 600);
	(void)strncat(text, "\nworkers = 2\n", 32);
	assert_int_equal(read_text(f, text), RC_SYNTAX);
	(void)snprintf(want, sizeof(want),
	    "%s:2: the line is too long; go on in one that begins with a "
	    "blank\n",
	    f->file);
	assert_string_equal(f->why.ptr, want);
	assert_int_equal(f->config.workers, 2);
}

static void
a_nul_does_not_hide_the_rest_of_its_line(void **state)
{
	struct fixture *f = *state;
	static const char bytes[] = "[server]\nname = a\0b\n";

	write_bytes(f, bytes, sizeof(bytes) - 1);
	assert_int_equal(config_read(&f->config, f->file, &f->why), RC_SYNTAX);
	assert_non_null(strstr(f->why.ptr, ":2: the line holds a NUL\n"));
}

static void
a_file_that_is_not_there_is_an_io_error(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(config_read(&f->config, f->file, &f->why), RC_IO);
	assert_non_null(strstr(f->why.ptr, f->file));
	buf_reset(&f->why);
	assert_int_equal(config_read(&f->config, f->folder, &f->why), RC_IO);
}

static void
one_key_is_set_as_the_file_would(void **state)
{
	struct fixture *f = *state;
	struct config *c = &f->config;

	assert_int_equal(config_set(c, "limits.body", "8M", &f->why), RC_OK);
	assert_int_equal(c->body, 8 * 1024 * 1024);
	assert_int_equal(config_set(c, "limits.body", " 9M ", &f->why), RC_OK);
	assert_int_equal(c->body, 9 * 1024 * 1024);
	assert_int_equal(f->why.len, 0);
	assert_int_equal(config_set(c, "body", "8M", &f->why), RC_SYNTAX);
	assert_string_equal(f->why.ptr, "body is no key");
	buf_reset(&f->why);
	assert_int_equal(
	    config_set(c, "server.name", "a ;b", &f->why), RC_SYNTAX);
	assert_string_equal(f->why.ptr, "server.name must not hold a comment");
	buf_reset(&f->why);
	assert_int_equal(
	    config_set(c, "server.name", "a\nb", &f->why), RC_SYNTAX);
}

static void
what_is_printed_reads_back_to_the_same(void **state)
{
	struct fixture *f = *state;
	struct buf first = BUF_INIT(65536);
	struct buf second = BUF_INIT(65536);

	assert_int_equal(
	    read_text(f,
		"[server]\ntitle = T\ninstructions = one\n  two\n"
		"grace = 90s\nsocket = x.sock\nworkers = 5\n"
		"[http]\nhosts = a\n b\nsse = none\n[limits]\nbody = 1536K\n"
		"[catalog]\nmodules = m.so\ncheck = 1500ms\n"),
	    RC_OK);
	config_put(&f->config, &first);
	assert_int_equal(buf_finish(&first), RC_OK);
	assert_non_null(strstr(first.ptr, "\nbody = 1536K\n"));
	assert_non_null(strstr(first.ptr, "\ngrace = 90s\n"));
	assert_int_equal(read_text(f, first.ptr), RC_OK);
	config_put(&f->config, &second);
	assert_string_equal(first.ptr, second.ptr);
	buf_release(&first);
	buf_release(&second);
}

static void
the_manual_names_every_key_that_is_printed(void **state)
{
	struct fixture *f = *state;
	struct buf manual = BUF_INIT(65536);
	struct buf print = BUF_INIT(65536);
	struct slice rest;

	config_put_manual(&manual);
	config_put(&f->config, &print);
	assert_int_equal(buf_finish(&manual), RC_OK);
	rest = buf_slice(&print);
	while (rest.ptr != NULL) {
		struct slice value;
		struct slice line = slice_cut(rest, '\n', &rest);
		struct slice name = slice_cut(line, ' ', &value);
		char item[128];

		if (value.ptr == NULL)
			continue;
		(void)snprintf(
		    item, sizeof(item), ".It Cm %.*s ", SLICE_FMT(name));
		assert_non_null(strstr(manual.ptr, item));
	}
	buf_release(&manual);
	buf_release(&print);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_key_has_a_default_that_works),
		TEST(values_are_taken_with_their_units),
		TEST(paths_begin_where_the_file_lies),
		TEST(a_file_named_from_here_lies_here),
		TEST(a_socket_with_a_colon_is_no_path),
		TEST(lists_repeat_and_go_on_in_further_lines),
		TEST(servers_stand_between_commas),
		TEST(rows_are_cached_where_that_pays),
		TEST(a_text_goes_on_in_further_lines),
		TEST(what_is_wrong_is_refused_with_file_and_line),
		TEST(all_findings_are_told),
		TEST(a_line_that_is_too_long_is_refused_once),
		TEST(a_nul_does_not_hide_the_rest_of_its_line),
		TEST(a_file_that_is_not_there_is_an_io_error),
		TEST(one_key_is_set_as_the_file_would),
		TEST(what_is_printed_reads_back_to_the_same),
		TEST(the_manual_names_every_key_that_is_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
