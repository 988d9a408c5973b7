#include <stdio.h>
#include <string.h>

#include "bell_socket.h"
#include "ctl.h"
#include "rng.h"
#include "run_dir.h"
#include "text.h"
#include "topic.h"

#define LIST_PAGE 100

/* A line of a list: what stands between its columns. */
static void
next_column(struct buf *line)
{
	buf_put_slice(line, SLICE("  "));
}

static void
print_line(struct buf *line)
{
	(void)printf("%s\n", line->ptr == NULL ? "?" : line->ptr);
	buf_reset(line);
}

/* Whoever follows streams on this host is told that something is new. */
static void
ring(struct ctl *ctl)
{
	struct buf why = BUF_INIT(4096);
	struct run_dir *dir = NULL;
	struct bell *bell = NULL;

	if (run_dir_open(ctl->config.state, &rng_system, &dir, &why) == RC_OK &&
	    bell_socket_ringer(dir, &bell) == RC_OK)
		bell_ring(bell);
	bell_socket_free(bell);
	run_dir_free(dir);
	buf_release(&why);
}

/* --------------------------------------------------------------- calls */

static const char *
state_of(const struct call_row *row)
{
	if (row->is_cancelled)
		return "cancelled";
	return row->is_waiting ? "waiting" : "running";
}

static void
print_call(struct buf *line, const struct call_row *row)
{
	buf_printf(line, "%lld  %-9s  ", (long long)row->number, state_of(row));
	text_put_time(line, row->created);
	buf_printf(line, "  %d  %.*s", row->runs, SLICE_FMT(row->owner));
	next_column(line);
	log_put_value(line, row->tool);
	next_column(line);
	log_put_value(line, row->principal_name);
	print_line(line);
}

int
ctl_calls(struct ctl *ctl, int argc, char **argv)
{
	struct call_filter filter = { .state = CALL_RUNNING,
		.limit = LIST_PAGE };
	struct call_rows rows = { .n = LIST_PAGE };
	struct buf line = BUF_INIT(8192);
	struct store *store;
	enum rc rc = RC_OK;

	(void)argv;
	if (argc != 1) {
		(void)fputs("usage: mcpctl calls\n", stderr);
		return 2;
	}
	store = ctl_store(ctl);
	if (store == NULL)
		return 1;
	while (rc == RC_OK && rows.n == LIST_PAGE) {
		struct op op = ctl_op(ctl);

		rc = store->ops->calls_list(store, &op, &filter, &rows);
		for (size_t i = 0; rc == RC_OK && i < rows.n; i++) {
			print_call(&line, &rows.row[i]);
			filter.after = rows.row[i].number;
		}
		arena_reset(&ctl->arena);
	}
	buf_release(&line);
	return rc == RC_OK ? 0 : ctl_failed("calls", rc);
}

int
ctl_call(struct ctl *ctl, int argc, char **argv)
{
	struct store *store;
	struct op op;
	uint64_t number;
	enum rc rc;

	if (argc != 3 || strcmp(argv[1], "cancel") != 0 ||
	    text_u64(slice_of(argv[2]), INT64_MAX, &number) != RC_OK) {
		(void)fputs("usage: mcpctl call cancel NUMBER\n", stderr);
		return 2;
	}
	store = ctl_store(ctl);
	if (store == NULL)
		return 1;
	op = ctl_op(ctl);
	rc = store->ops->call_stop(store, &op, (int64_t)number);
	if (rc == RC_NOTFOUND || rc == RC_CONFLICT) {
		(void)fputs("mcpctl: no such call is running\n", stderr);
		return 1;
	}
	if (rc != RC_OK)
		return ctl_failed("call cancel", rc);
	ring(ctl);
	return 0;
}

/* --------------------------------------------------------------- tasks */

static const char *
task_state_name(enum task_state state)
{
	static const char *const name[] = { [TASK_WORKING] = "working",
		[TASK_INPUT_REQUIRED] = "input_required",
		[TASK_COMPLETED] = "completed",
		[TASK_FAILED] = "failed",
		[TASK_CANCELLED] = "cancelled" };

	if (state < TASK_WORKING || state > TASK_CANCELLED)
		return "?";
	return name[state];
}

static void
print_task(struct buf *line, const struct task_row *row)
{
	buf_printf(line, "%lld  %-14s  ", (long long)row->number,
	    task_state_name(row->state));
	text_put_time(line, row->created);
	next_column(line);
	text_put_time(line, row->updated);
	buf_printf(line, "  call=%lld  ", (long long)row->call);
	if (row->ttl_ms == 0)
		buf_put_slice(line, SLICE("for ever"));
	else
		buf_printf(line, "%llds", (long long)row->ttl_ms / 1000);
	print_line(line);
}

int
ctl_tasks(struct ctl *ctl, int argc, char **argv)
{
	struct task_filter filter = { .limit = LIST_PAGE };
	struct task_rows rows = { .n = LIST_PAGE };
	struct buf line = BUF_INIT(8192);
	struct store *store;
	enum rc rc = RC_OK;

	(void)argv;
	if (argc != 1) {
		(void)fputs("usage: mcpctl tasks\n", stderr);
		return 2;
	}
	store = ctl_store(ctl);
	if (store == NULL)
		return 1;
	while (rc == RC_OK && rows.n == LIST_PAGE) {
		struct op op = ctl_op(ctl);

		rc = store->ops->tasks_list(store, &op, &filter, &rows);
		for (size_t i = 0; rc == RC_OK && i < rows.n; i++) {
			print_task(&line, &rows.row[i]);
			filter.after = rows.row[i].number;
		}
		arena_reset(&ctl->arena);
	}
	buf_release(&line);
	return rc == RC_OK ? 0 : ctl_failed("tasks", rc);
}

/* -------------------------------------------------------------- topics */

/* The topic that is meant; absent: none. */
static struct slice
topic_of(struct buf *name, int argc, char **argv)
{
	static const char *const lists[] = { TOPIC_TOOLS, TOPIC_PROMPTS,
		TOPIC_RESOURCES };

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (argc == 2 && strcmp(argv[1], lists[i]) == 0)
			return slice_of(argv[1]);
	}
	if (argc != 3 || strcmp(argv[1], "resource") != 0 ||
	    argv[2][0] == '\0' || !text_utf8_ok(slice_of(argv[2])))
		return SLICE_NONE;
	buf_printf(name, "%s%s", TOPIC_RESOURCE, argv[2]);
	return buf_finish(name) == RC_OK ? buf_slice(name) : SLICE_NONE;
}

int
ctl_notify(struct ctl *ctl, int argc, char **argv)
{
	struct buf name = BUF_INIT(TOPIC_NAME_MAX);
	const struct topic_raise raise = { .name =
					       topic_of(&name, argc, argv) };
	struct store *store;
	struct op op;
	int64_t version = 0;
	bool raised = false;
	enum rc rc = RC_IO;

	if (raise.name.ptr == NULL) {
		(void)fputs("usage: mcpctl notify tools|prompts|resources\n"
			    "       mcpctl notify resource URI\n",
		    stderr);
		buf_release(&name);
		return 2;
	}
	store = ctl_store(ctl);
	if (store != NULL) {
		op = ctl_op(ctl);
		rc = store->ops->topic_raise(
		    store, &op, &raise, &version, &raised);
		if (rc == RC_OK)
			ring(ctl);
		else
			(void)ctl_failed("notify", rc);
	}
	buf_release(&name);
	return rc == RC_OK ? 0 : 1;
}

/* --------------------------------------------------------------- hosts */

int
ctl_hosts(struct ctl *ctl, int argc, char **argv)
{
	struct host_rows rows = { NULL, 0 };
	struct buf line = BUF_INIT(8192);
	struct store *store;
	struct op op;
	enum rc rc;

	(void)argv;
	if (argc != 1) {
		(void)fputs("usage: mcpctl hosts\n", stderr);
		return 2;
	}
	store = ctl_store(ctl);
	if (store == NULL)
		return 1;
	op = ctl_op(ctl);
	rc = store->ops->hosts(store, &op, &rows);
	for (size_t i = 0; rc == RC_OK && i < rows.n; i++) {
		const struct host_row *row = &rows.row[i];

		buf_printf(&line, "%.*s  ", SLICE_FMT(row->name));
		text_put_time(&line, row->at);
		buf_printf(&line, "  %lld%s", (long long)row->beat,
		    row->is_draining ? "  draining" : "");
		print_line(&line);
	}
	buf_release(&line);
	return rc == RC_OK ? 0 : ctl_failed("hosts", rc);
}
