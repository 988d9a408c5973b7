#include "kv_memcached.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <libmemcached/memcached.h>

#include "breaker.h"
#include "text.h"

#define TIMEOUT_MS UINT64_C(20)
/* The library waits that long for each piece of an answer.  Who sends them one
 * by one, so that the whole takes longer than this, does not answer. */
#define SLOW_MS 100
#define HOST_MAX 256
/* Of any one piece of memory: what a server sends is not believed. */
#define ALLOCATION_MAX ((size_t)4 * 1024 * 1024)
#define DIGITS_MAX 24

struct kv_memcached {
	struct kv kv; /* first, so that a kv * is one of these */
	struct kv_memcached_options o;
	struct breaker breaker[KV_MEMCACHED_SERVERS_MAX];
	memcached_st *st; /* NULL: none yet */
	pid_t pid;        /* who made it */
	int64_t asked;    /* monotonic ms: when this call began */
};

/* ------------------------------------------------------------ addresses */

struct address {
	char host[HOST_MAX]; /* or the path of a socket */
	in_port_t port;      /* 0: a socket */
};

/* host:port, or [host]:port for a host with colons. */
static bool
read_address(const char *text, struct address *out)
{
	struct slice host = slice_of(text);
	const char *colon = strrchr(text, ':');
	uint64_t port = 0;

	if (text[0] != '/') {
		if (colon == NULL ||
		    text_u64(slice_of(colon + 1), 65535, &port) != RC_OK ||
		    port == 0)
			return false;
		host.len = (size_t)(colon - text);
		if (host.len > 2 && host.ptr[0] == '[' &&
		    host.ptr[host.len - 1] == ']')
			host = (struct slice){ host.ptr + 1, host.len - 2 };
		else if (memchr(host.ptr, ':', host.len) != NULL)
			return false;
	}
	if (host.len == 0 || host.len >= sizeof(out->host) ||
	    !text_visible_ok(host))
		return false;
	(void)snprintf(out->host, sizeof(out->host), "%.*s", SLICE_FMT(host));
	out->port = (in_port_t)port;
	return true;
}

bool
kv_memcached_is_address(const char *text)
{
	struct address address;

	return read_address(text, &address);
}

/* ----------------------------------------------------------- connection */

static void *
limited_malloc(const memcached_st *st, const size_t size, void *ctx)
{
	(void)st;
	(void)ctx;
	return size > ALLOCATION_MAX ? NULL : malloc(size);
}

static void *
limited_realloc(const memcached_st *st, void *p, const size_t size, void *ctx)
{
	(void)st;
	(void)ctx;
	return size > ALLOCATION_MAX ? NULL : realloc(p, size);
}

static void *
limited_calloc(const memcached_st *st, size_t n, const size_t size, void *ctx)
{
	(void)st;
	(void)ctx;
	return n > ALLOCATION_MAX || size > ALLOCATION_MAX / (n + 1)
	    ? NULL
	    : calloc(n, size);
}

static void
plain_free(const memcached_st *st, void *p, void *ctx)
{
	(void)st;
	(void)ctx;
	free(p);
}

static bool
set_up(memcached_st *st)
{
	/* Servers are never thrown out of the list: then a name would have two
	 * homes, and what was deleted in one come back from the other. */
	static const struct {
		memcached_behavior_t what;
		uint64_t value;
	} table[] = {
		{ MEMCACHED_BEHAVIOR_NO_BLOCK, 1 },
		{ MEMCACHED_BEHAVIOR_TCP_NODELAY, 1 },
		{ MEMCACHED_BEHAVIOR_CONNECT_TIMEOUT, TIMEOUT_MS },
		{ MEMCACHED_BEHAVIOR_POLL_TIMEOUT, TIMEOUT_MS },
		{ MEMCACHED_BEHAVIOR_SND_TIMEOUT, TIMEOUT_MS * 1000 },
		{ MEMCACHED_BEHAVIOR_RCV_TIMEOUT, TIMEOUT_MS * 1000 },
		{ MEMCACHED_BEHAVIOR_RETRY_TIMEOUT, 1 },
		{ MEMCACHED_BEHAVIOR_SERVER_FAILURE_LIMIT, 1 },
		{ MEMCACHED_BEHAVIOR_DISTRIBUTION,
		    MEMCACHED_DISTRIBUTION_CONSISTENT },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (memcached_behavior_set(st, table[i].what, table[i].value) !=
		    MEMCACHED_SUCCESS)
			return false;
	}
	return memcached_set_memory_allocators(st, limited_malloc, plain_free,
		   limited_realloc, limited_calloc, NULL) == MEMCACHED_SUCCESS;
}

static bool
add_servers(const struct kv_memcached *k, memcached_st *st)
{
	for (size_t i = 0; i < k->o.n; i++) {
		struct address a;
		memcached_return_t ret;

		if (!read_address(k->o.servers[i], &a))
			return false;
		ret = a.port == 0 ? memcached_server_add_unix_socket(st, a.host)
				  : memcached_server_add(st, a.host, a.port);
		if (ret != MEMCACHED_SUCCESS)
			return false;
	}
	return true;
}

static void
drop_connections(struct kv_memcached *k)
{
	/* What was inherited is left as it is: to part from it in form would
	 * end the connection of whoever made it. */
	if (k->st != NULL && k->pid == getpid())
		memcached_free(k->st);
	k->st = NULL;
}

static bool
connect_servers(struct kv_memcached *k)
{
	if (k->st != NULL && k->pid == getpid())
		return true;
	drop_connections(k);
	k->st = memcached_create(NULL);
	k->pid = getpid();
	if (k->st == NULL)
		return false;
	if (!set_up(k->st) || !add_servers(k, k->st)) {
		drop_connections(k);
		return false;
	}
	return true;
}

/* ---------------------------------------------------------------- calls */

/* The server that a name is at home on, if it may be touched now. */
static struct breaker *
home_of(struct kv_memcached *k, struct slice name)
{
	uint32_t at = 0;

	if (name.len == 0 || name.len > KV_NAME_MAX || !connect_servers(k))
		return NULL;
	if (k->o.n > 1)
		at = memcached_generate_hash(k->st, name.ptr, name.len);
	k->asked = clock_mono_ms(k->o.clock);
	if (at >= k->o.n || !breaker_lets(&k->breaker[at], k->asked))
		return NULL;
	return &k->breaker[at];
}

/* The server answered, whatever it said. */
static bool
is_answer(memcached_return_t ret)
{
	return ret == MEMCACHED_SUCCESS || ret == MEMCACHED_NOTFOUND ||
	    ret == MEMCACHED_NOTSTORED || ret == MEMCACHED_DELETED ||
	    ret == MEMCACHED_STORED;
}

/* Said at the end of every call.  After a failure nothing is known about what
 * else will come on the connection. */
static void
note(struct kv_memcached *k, struct breaker *home, memcached_return_t ret)
{
	const size_t at = (size_t)(home - k->breaker);

	if (is_answer(ret) && clock_mono_ms(k->o.clock) - k->asked > SLOW_MS)
		ret = MEMCACHED_TIMEOUT;
	if (is_answer(ret)) {
		if (home->is_open)
			log_event(k->o.log, LOG_WARNING, "cache-works",
			    "server=%s", k->o.servers[at]);
		breaker_works(home);
		return;
	}
	if (!home->is_open) {
		log_event(k->o.log, LOG_WARNING, "cache-fails",
		    "server=%s why=\"%s\"", k->o.servers[at],
		    memcached_strerror(k->st, ret));
	}
	breaker_fails(home, k->o.rng, clock_mono_ms(k->o.clock));
	drop_connections(k);
}

static enum rc
get(struct kv *base, struct slice name, struct arena *a, struct slice *value)
{
	struct kv_memcached *k = (struct kv_memcached *)base;
	struct breaker *home = home_of(k, name);
	memcached_return_t ret = MEMCACHED_FAILURE;
	struct slice found;
	uint32_t flags;
	char *bytes;
	enum rc rc = RC_NOTFOUND;

	if (home == NULL)
		return RC_BUSY;
	bytes =
	    memcached_get(k->st, name.ptr, name.len, &found.len, &flags, &ret);
	note(k, home, ret);
	if (!is_answer(ret))
		rc = RC_BUSY;
	found.ptr = bytes;
	if (bytes != NULL && ret == MEMCACHED_SUCCESS &&
	    found.len <= KV_VALUE_MAX)
		rc = arena_copy(a, found, value);
	free(bytes);
	return rc;
}

/* It has no room, or not for one so large: it works all the same. */
static bool
is_refusal(memcached_return_t ret)
{
	return ret == MEMCACHED_E2BIG || ret == MEMCACHED_SERVER_ERROR ||
	    ret == MEMCACHED_SERVER_MEMORY_ALLOCATION_FAILURE;
}

static void
put(struct kv *base, struct slice name, struct slice value, uint32_t seconds)
{
	struct kv_memcached *k = (struct kv_memcached *)base;
	struct breaker *home = home_of(k, name);
	memcached_return_t ret;

	if (home == NULL || value.len > KV_VALUE_MAX)
		return;
	ret = memcached_set(k->st, name.ptr, name.len, value.ptr, value.len,
	    (time_t)seconds, 0);
	note(k, home, is_refusal(ret) ? MEMCACHED_NOTSTORED : ret);
	/* Whether it has read all of it nobody knows. */
	if (is_refusal(ret))
		drop_connections(k);
}

static void
drop(struct kv *base, struct slice name)
{
	struct kv_memcached *k = (struct kv_memcached *)base;
	struct breaker *home = home_of(k, name);

	if (home != NULL)
		note(k, home, memcached_delete(k->st, name.ptr, name.len, 0));
}

/* Only if nothing is there: of two who begin a counter one wins. */
static memcached_return_t
begin(struct kv_memcached *k, struct slice name, uint64_t first)
{
	char digits[DIGITS_MAX];
	int n =
	    snprintf(digits, sizeof(digits), "%llu", (unsigned long long)first);

	return memcached_add(
	    k->st, name.ptr, name.len, digits, (size_t)n, 0, 0);
}

static enum rc
look(struct kv *base, struct slice name, uint64_t first, uint64_t *value)
{
	struct kv_memcached *k = (struct kv_memcached *)base;
	struct breaker *home = home_of(k, name);
	memcached_return_t ret = MEMCACHED_FAILURE;
	size_t len = 0;
	uint32_t flags;
	char *bytes;
	bool is_number;

	if (home == NULL)
		return RC_BUSY;
	bytes = memcached_get(k->st, name.ptr, name.len, &len, &flags, &ret);
	is_number = bytes != NULL && ret == MEMCACHED_SUCCESS &&
	    text_u64(slice_trim((struct slice){ bytes, len }), UINT64_MAX,
		value) == RC_OK;
	free(bytes);
	if (ret == MEMCACHED_SUCCESS && !is_number)
		ret = memcached_delete(k->st, name.ptr, name.len, 0);
	if (is_answer(ret) && !is_number)
		ret = begin(k, name, first);
	note(k, home, ret);
	if (!is_answer(ret))
		return RC_BUSY;
	return is_number ? RC_OK : RC_NOTFOUND;
}

static void
raise_counter(struct kv *base, struct slice name, uint64_t first)
{
	struct kv_memcached *k = (struct kv_memcached *)base;
	struct breaker *home = home_of(k, name);
	memcached_return_t ret;
	uint64_t value;

	if (home == NULL)
		return;
	ret = memcached_increment(k->st, name.ptr, name.len, 1, &value);
	/* Not a number; somebody else may take it away, too. */
	if (ret == MEMCACHED_CLIENT_ERROR) {
		ret = memcached_delete(k->st, name.ptr, name.len, 0);
		if (ret == MEMCACHED_SUCCESS)
			ret = MEMCACHED_NOTFOUND;
	}
	if (ret == MEMCACHED_NOTFOUND)
		ret = begin(k, name, first);
	if (ret == MEMCACHED_NOTSTORED)
		ret = memcached_increment(k->st, name.ptr, name.len, 1, &value);
	note(k, home, ret);
}

static void
close_kv(struct kv *base)
{
	struct kv_memcached *k = (struct kv_memcached *)base;

	drop_connections(k);
	free(k);
}

enum rc
kv_memcached_open(const struct kv_memcached_options *options, struct kv **out)
{
	static const struct kv_ops ops = { get, put, drop, look, raise_counter,
		close_kv };
	struct kv_memcached *k;

	*out = NULL;
	if (options->n == 0 || options->n > KV_MEMCACHED_SERVERS_MAX)
		return RC_SYNTAX;
	for (size_t i = 0; i < options->n; i++) {
		if (!kv_memcached_is_address(options->servers[i]))
			return RC_SYNTAX;
	}
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		return RC_NOMEM;
	k->kv.ops = &ops;
	k->o = *options;
	*out = &k->kv;
	return RC_OK;
}
