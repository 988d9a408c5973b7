/* mcpctl calls, tasks: a line a row. */
#include <stdio.h>

#include "ctl.h"
#include "task_row.h"
#include "text.h"

/* Rows that are read at once. */
#define PAGE 100

struct list {
	struct store *store;
	struct op op;
	int64_t after;   /* number of the last row that was printed */
	bool more;       /* there may be rows behind it */
	struct buf line; /* the one that is being written */
};

static void
next_column(struct list *l)
{
	buf_put_slice(&l->line, SLICE("  "));
}

static void
print_line(struct list *l)
{
	(void)printf("%s\n", l->line.ptr == NULL ? "?" : l->line.ptr);
	buf_reset(&l->line);
}

/* Print all pages that page() gives. */
static int
print_list(
    struct ctl *ctl, int argc, char **argv, enum rc (*page)(struct list *))
{
	struct list l = { .more = true, .line = BUF_INIT(8192) };
	enum rc rc = RC_OK;

	if (argc != 1) {
		(void)fprintf(stderr, "usage: mcpctl %s\n", argv[0]);
		return 2;
	}
	l.store = ctl_store(ctl);
	if (l.store == NULL)
		return 1;
	while (rc == RC_OK && l.more) {
		l.op = ctl_op(ctl);
		rc = page(&l);
		arena_reset(&ctl->arena);
	}
	buf_release(&l.line);
	return rc == RC_OK ? 0 : ctl_failed(argv[0], rc);
}

/* --------------------------------------------------------------- calls */

static const char *
call_state_name(const struct call_row *row)
{
	if (row->is_cancelled)
		return "cancelled";
	return row->is_waiting ? "waiting" : "running";
}

static void
print_call(struct list *l, const struct call_row *row)
{
	struct buf *line = &l->line;

	buf_printf(
	    line, "%lld  %-9s  ", (long long)row->number, call_state_name(row));
	text_put_time(line, row->created);
	buf_printf(line, "  %d  %.*s", row->runs, SLICE_FMT(row->owner));
	next_column(l);
	log_put_value(line, row->tool);
	next_column(l);
	log_put_value(line, row->principal_name);
	print_line(l);
}

static enum rc
page_of_calls(struct list *l)
{
	const struct call_filter filter = {
		.state = CALL_RUNNING, .after = l->after, .limit = PAGE
	};
	struct call_rows rows = { .n = 0 };
	enum rc rc =
	    l->store->ops->calls_list(l->store, &l->op, &filter, &rows);

	for (size_t i = 0; rc == RC_OK && i < rows.n; i++) {
		print_call(l, &rows.row[i]);
		l->after = rows.row[i].number;
	}
	l->more = rows.n == PAGE;
	return rc;
}

int
ctl_calls(struct ctl *ctl, int argc, char **argv)
{
	return print_list(ctl, argc, argv, page_of_calls);
}

/* --------------------------------------------------------------- tasks */

static void
print_task(struct list *l, const struct task_row *row)
{
	struct buf *line = &l->line;

	buf_printf(line, "%lld  %-14.*s  ", (long long)row->number,
	    SLICE_FMT(task_state_name(row->state)));
	text_put_time(line, row->created);
	next_column(l);
	text_put_time(line, row->updated);
	buf_printf(line, "  call=%lld  ", (long long)row->call);
	if (row->ttl_ms == 0)
		buf_put_slice(line, SLICE("for ever"));
	else
		buf_printf(line, "%llds", (long long)row->ttl_ms / 1000);
	print_line(l);
}

static enum rc
page_of_tasks(struct list *l)
{
	const struct task_filter filter = { .after = l->after, .limit = PAGE };
	struct task_rows rows = { .n = 0 };
	enum rc rc =
	    l->store->ops->tasks_list(l->store, &l->op, &filter, &rows);

	for (size_t i = 0; rc == RC_OK && i < rows.n; i++) {
		print_task(l, &rows.row[i]);
		l->after = rows.row[i].number;
	}
	l->more = rows.n == PAGE;
	return rc;
}

int
ctl_tasks(struct ctl *ctl, int argc, char **argv)
{
	return print_list(ctl, argc, argv, page_of_tasks);
}
