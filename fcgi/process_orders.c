#include "process_slot.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "text.h"

/* "run 9223372036854775807 9223372036854775807" */
#define ORDER_MAX 48

static bool
address_of(const char *path, struct sockaddr_un *address)
{
	struct slice s = slice_of(path);

	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (s.len >= sizeof(address->sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	memcpy(address->sun_path, s.ptr, s.len);
	return true;
}

/* Only this user may give orders: nobody else at any moment. */
static bool
bind_privately(int fd, const struct sockaddr_un *address)
{
	mode_t mask = umask(0177);
	bool is_bound =
	    bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;

	(void)umask(mask);
	return is_bound;
}

void
orders_open(struct parent *p)
{
	const int type = SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
	struct sockaddr_un address;
	char reason[128] = "";

	if (p->o->orders == NULL || p->o->order == NULL)
		return;
	if (address_of(p->o->orders, &address)) {
		p->orders = socket(AF_UNIX, type, 0);
		/* Who had it before us is gone, or hands over to us. */
		(void)unlink(p->o->orders);
		if (p->orders >= 0 && bind_privately(p->orders, &address))
			return;
	}
	(void)strerror_r(errno, reason, sizeof(reason));
	log_event(p->o->log, LOG_WARNING, "no-orders", "path=%s error=%s",
	    p->o->orders, reason);
	orders_close(p);
}

static bool
is_running(const struct parent *p, int64_t call)
{
	for (size_t i = 0; i < p->n_slots; i++) {
		if (p->slot[i].pid != 0 && p->slot[i].order.call == call)
			return true;
	}
	return false;
}

static void
run(struct parent *p, const struct call_order *order)
{
	const char *why = NULL;

	/* It was said twice. */
	if (is_running(p, order->call))
		return;
	if (p->is_stopping)
		why = "stopping";
	else if (slots_count(p).calls >= p->o->calls)
		why = "too many calls";
	else if (!slot_start(p, order))
		why = "no process";
	if (why != NULL)
		log_event(p->o->log, LOG_WARNING, "order-refused",
		    "call=%lld why=%s", (long long)order->call, why);
}

/* The former release names no epoch. */
static bool
read_order(struct slice text, struct call_order *order)
{
	struct slice rest;
	struct slice number;
	uint64_t call = 0;
	uint64_t epoch = 0;

	if (!slice_eq(slice_cut(text, ' ', &rest), SLICE("run")))
		return false;
	number = slice_cut(rest, ' ', &rest);
	if (text_u64(number, INT64_MAX, &call) != RC_OK || call == 0 ||
	    (rest.ptr != NULL && text_u64(rest, INT64_MAX, &epoch) != RC_OK))
		return false;
	*order = (struct call_order){ (int64_t)call, (int64_t)epoch };
	return true;
}

void
orders_take(struct parent *p)
{
	char text[ORDER_MAX];
	struct call_order order;
	ssize_t n;

	while ((n = recv(p->orders, text, sizeof(text), MSG_TRUNC)) >= 0) {
		if ((size_t)n <= sizeof(text) &&
		    read_order((struct slice){ text, (size_t)n }, &order))
			run(p, &order);
	}
}

void
orders_close(struct parent *p)
{
	/* Its file stays: by now it may be that of the next parent. */
	if (p->orders >= 0)
		(void)close(p->orders);
	p->orders = -1;
}

enum rc
process_order(const char *orders, const struct call_order *order)
{
	struct sockaddr_un address;
	char text[ORDER_MAX];
	ssize_t sent;
	int error;
	int n;
	int fd;

	if (!address_of(orders, &address))
		return RC_IO;
	n = snprintf(text, sizeof(text), "run %lld %lld",
	    (long long)order->call, (long long)order->epoch);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return RC_IO;
	sent = sendto(fd, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL,
	    (const struct sockaddr *)&address, sizeof(address));
	error = errno;
	(void)close(fd);
	if (sent == n)
		return RC_OK;
	return error == EAGAIN || error == ENOBUFS ? RC_BUSY : RC_IO;
}
