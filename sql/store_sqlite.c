#include "store_sqlite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sqlite_private.h"

/* A store that is locked for longer is out of order. */
#define OPEN_MS 5000
#define CLOSE_MS 1000
#define BALLAST ((int64_t)32 * 1024 * 1024)
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static void
close_store(struct store *base)
{
	struct sqlite_store *s = (struct sqlite_store *)base;

	s->give_up = clock_mono_ms(s->options.clock) + CLOSE_MS;
	sqlite_drop(s);
	if (s->lock_fd >= 0)
		(void)close(s->lock_fd);
	free(s->path);
	free(s->boot_id);
	free(s->real);
	free(s->lock_path);
	free(s->ballast_path);
	free(s);
}

static const struct store_ops ops = {
	.info = sqlite_info,
	.keys = sqlite_keys,
	.key_add = sqlite_key_add,
	.key_end = sqlite_key_end,
	.session_get = sqlite_session_get,
	.session_put = sqlite_session_put,
	.session_set = sqlite_session_set,
	.session_negotiate = sqlite_session_negotiate,
	.session_end = sqlite_session_end,
	.session_list = sqlite_session_list,
	.sweep = sqlite_sweep,
	.stream_open = sqlite_stream_open,
	.stream_attach = sqlite_stream_attach,
	.stream_detach = sqlite_stream_detach,
	.stream_find = sqlite_stream_find,
	.stream_read = sqlite_stream_read,
	.streams_sent = sqlite_streams_sent,
	.event_append = sqlite_event_append,
	.changes = sqlite_changes,
	.owner_gone = sqlite_owner_gone,
	.owners = sqlite_owners,
	.topic_raise = sqlite_topic_raise,
	.topics_get = sqlite_topics_get,
	.topic_find = sqlite_topic_find,
	.want_put = sqlite_want_put,
	.want_drop = sqlite_want_drop,
	.wants_behind = sqlite_wants_behind,
	.topic_deliver = sqlite_topic_deliver,
	.host_beat = sqlite_host_beat,
	.host_drain = sqlite_host_drain,
	.hosts = sqlite_hosts,
	.nonce_use = sqlite_nonce_use,
	.call_open = sqlite_call_open,
	.call_get = sqlite_call_get,
	.call_look = sqlite_call_look,
	.call_group = sqlite_call_group,
	.call_finish = sqlite_call_finish,
	.call_claim = sqlite_call_claim,
	.call_cancel = sqlite_call_cancel,
	.call_stop = sqlite_call_stop,
	.calls_list = sqlite_calls_list,
	.question_put = sqlite_question_put,
	.question_answer = sqlite_question_answer,
	.questions_get = sqlite_questions_get,
	.questions_close = sqlite_questions_close,
	.question_send = sqlite_question_send,
	.questions_return = sqlite_questions_return,
	.task_open = sqlite_task_open,
	.task_get = sqlite_task_get,
	.task_find = sqlite_task_find,
	.task_cancel = sqlite_task_cancel,
	.tasks_list = sqlite_tasks_list,
	.revs = sqlite_revs,
	.renew = sqlite_renew,
	.check = sqlite_check,
	.close = close_store,
};

static char *
copy_of(const char *text)
{
	size_t n = strlen(text) + 1;
	char *p = malloc(n);

	return p == NULL ? NULL : memcpy(p, text, n);
}

/* The name of this run of the machine; always the same where there is none. */
static char *
read_boot_id(void)
{
	char text[64] = "unknown";
	ssize_t n = -1;
	int fd = open(BOOT_ID, O_RDONLY | O_CLOEXEC);

	if (fd >= 0) {
		char line[sizeof(text)];

		n = read(fd, line, sizeof(line) - 1);
		(void)close(fd);
		if (n > 0) {
			line[n] = '\0';
			line[strcspn(line, "\n")] = '\0';
			memcpy(text, line, sizeof(text));
		}
	}
	return copy_of(text);
}

enum rc
store_sqlite_open(const struct store_sqlite_options *options,
    struct store **out, struct buf *why)
{
	struct sqlite_store *s = calloc(1, sizeof(*s));
	struct buf own = BUF_INIT(1024);
	enum rc rc;

	*out = NULL;
	if (s == NULL)
		return RC_NOMEM;
	s->base.ops = &ops;
	s->options = *options;
	s->lock_fd = -1;
	if (s->options.ballast == 0)
		s->options.ballast = BALLAST;
	s->give_up = clock_mono_ms(options->clock) + OPEN_MS;
	s->path = copy_of(options->path);
	s->options.path = s->path;
	s->boot_id = options->boot_id == NULL ? read_boot_id()
					      : copy_of(options->boot_id);
	s->options.boot_id = s->boot_id;
	rc = s->path == NULL || s->boot_id == NULL ? RC_NOMEM : RC_OK;
	if (rc == RC_OK)
		rc = rng_fill(options->rng, &s->noise, sizeof(s->noise));
	s->noise |= 1; /* zero would stay zero */
	if (rc == RC_OK)
		rc = sqlite_open(s, options->create, &own);
	if (why != NULL && own.len > 0)
		buf_put_slice(why, buf_slice(&own));
	buf_release(&own);
	if (rc == RC_OK)
		*out = &s->base;
	else
		close_store(&s->base);
	return rc;
}
