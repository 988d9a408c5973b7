#include "sink_closed.h"

#include <errno.h>
#include <time.h>

static enum rc
closed_head(struct sink *sink, int status, const struct sink_header *header,
    size_t n, enum sink_body body)
{
	(void)sink;
	(void)status;
	(void)header;
	(void)n;
	(void)body;
	return RC_IO;
}

static enum rc
closed_body(struct sink *sink, struct slice bytes)
{
	(void)sink;
	(void)bytes;
	return RC_IO;
}

static enum rc
closed_end(struct sink *sink)
{
	(void)sink;
	return RC_IO;
}

static bool
closed_is_ready(struct sink *sink)
{
	(void)sink;
	return true;
}

static bool
closed_peer_gone(struct sink *sink)
{
	(void)sink;
	return true;
}

static bool
closed_wait(struct sink *sink, int64_t ms)
{
	struct timespec left = { ms / 1000, ms % 1000 * 1000000 };

	(void)sink;
	while (ms > 0 && nanosleep(&left, &left) != 0 && errno == EINTR)
		continue;
	return false;
}

static void
closed_close(struct sink *sink)
{
	(void)sink;
}

static const struct sink_ops closed_ops = { closed_head, closed_body,
	closed_end, closed_is_ready, closed_peer_gone, closed_wait,
	closed_close };

const struct sink sink_closed = { &closed_ops };
