/* mcpctl call, notify: orders to whoever runs and follows calls. */
#include <stdio.h>
#include <string.h>

#include "bell_socket.h"
#include "ctl.h"
#include "rng.h"
#include "run_dir.h"
#include "text.h"
#include "topic.h"

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
	if (rc == RC_NOTFOUND) {
		(void)fputs("mcpctl: no such call is running\n", stderr);
		return 1;
	}
	if (rc != RC_OK)
		return ctl_failed("call cancel", rc);
	ring(ctl);
	return 0;
}

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
