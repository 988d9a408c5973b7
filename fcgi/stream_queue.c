#include "stream_queue.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct stream_queue {
	pthread_mutex_t lock;
	pthread_cond_t room;
	int fd; /* counts 1 while somebody should look */
	bool is_closed;
	size_t max;
	size_t first;
	size_t n;
	size_t weight;     /* of those n */
	size_t weight_max; /* 0: no limit */
	struct stream_message *ring;
};

enum rc
stream_queue_open(size_t max, struct stream_queue **out)
{
	struct stream_queue *q = calloc(1, sizeof(*q));

	*out = NULL;
	if (q == NULL)
		return RC_NOMEM;
	/* Pages that were never used cost nothing. */
	q->ring = calloc(max, sizeof(*q->ring));
	q->max = max;
	q->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (q->ring == NULL || q->fd < 0 ||
	    pthread_mutex_init(&q->lock, NULL) != 0)
		goto out;
	if (pthread_cond_init(&q->room, NULL) == 0) {
		*out = q;
		return RC_OK;
	}
	(void)pthread_mutex_destroy(&q->lock);
out:
	if (q->fd >= 0)
		(void)close(q->fd);
	free(q->ring);
	free(q);
	return RC_NOMEM;
}

void
stream_queue_limit(struct stream_queue *q, size_t weight)
{
	q->weight_max = weight;
}

int
stream_queue_fd(const struct stream_queue *q)
{
	return q->fd;
}

static void
ring(const struct stream_queue *q)
{
	const uint64_t one = 1;

	/* It cannot fail: the counter is emptied long before it is full. */
	(void)!write(q->fd, &one, sizeof(one));
}

static bool
is_full(const struct stream_queue *q, const struct stream_message *m)
{
	if (q->n == q->max)
		return true;
	return q->weight_max > 0 && q->n > 0 &&
	    (q->weight >= q->weight_max ||
		m->weight > q->weight_max - q->weight);
}

static void
put(struct stream_queue *q, const struct stream_message *m)
{
	q->weight += m->weight;
	q->ring[(q->first + q->n) % q->max] = *m;
	if (q->n++ == 0)
		ring(q);
}

bool
stream_queue_put(struct stream_queue *q, const struct stream_message *m)
{
	bool has_room;

	(void)pthread_mutex_lock(&q->lock);
	has_room = !is_full(q, m);
	if (has_room)
		put(q, m);
	(void)pthread_mutex_unlock(&q->lock);
	return has_room;
}

bool
stream_queue_put_patiently(
    struct stream_queue *q, const struct stream_message *m)
{
	bool is_closed;

	(void)pthread_mutex_lock(&q->lock);
	while (is_full(q, m) && !q->is_closed)
		(void)pthread_cond_wait(&q->room, &q->lock);
	is_closed = q->is_closed;
	if (!is_closed)
		put(q, m);
	(void)pthread_mutex_unlock(&q->lock);
	return !is_closed;
}

size_t
stream_queue_take(struct stream_queue *q, struct stream_message *m, size_t max)
{
	uint64_t waste;
	size_t n = 0;

	(void)pthread_mutex_lock(&q->lock);
	while (n < max && q->n > 0) {
		m[n] = q->ring[q->first];
		q->weight -= m[n++].weight;
		q->first = (q->first + 1) % q->max;
		q->n--;
	}
	if (q->n == 0) {
		/* Stay on the pages that are in use. */
		q->first = 0;
		if (n > 0 && !q->is_closed)
			(void)!read(q->fd, &waste, sizeof(waste));
	}
	if (n > 0)
		(void)pthread_cond_broadcast(&q->room);
	(void)pthread_mutex_unlock(&q->lock);
	return n;
}

void
stream_queue_close(struct stream_queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->is_closed = true;
	ring(q);
	(void)pthread_cond_broadcast(&q->room);
	(void)pthread_mutex_unlock(&q->lock);
}

bool
stream_queue_is_closed(struct stream_queue *q)
{
	bool is_closed;

	(void)pthread_mutex_lock(&q->lock);
	is_closed = q->is_closed;
	(void)pthread_mutex_unlock(&q->lock);
	return is_closed;
}

void
stream_queue_free(struct stream_queue *q)
{
	if (q == NULL)
		return;
	while (q->n > 0) {
		free(q->ring[q->first].chunk);
		q->first = (q->first + 1) % q->max;
		q->n--;
	}
	(void)pthread_cond_destroy(&q->room);
	(void)pthread_mutex_destroy(&q->lock);
	(void)close(q->fd);
	free(q->ring);
	free(q);
}
