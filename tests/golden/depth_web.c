#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "depth.h"
#include "scratch.h"

/* HTTP/1.1 to lighttpd with the configuration that comes with the sources. */
#define WEB_BYTES ((size_t)64 * 1024 * 1024)
/* How often another port is tried, if somebody was faster. */
#define WEB_TRIES 10

struct web_depth {
	struct depth base; /* first */
	struct scratch scratch;
	char lighttpd[SCRATCH_PATH];
	char config[SCRATCH_PATH];
	char host[32];
	struct sockaddr_in to;
	pid_t server; /* lighttpd */
};

/* -------------------------------------------------------------- lighttpd */

/* A port that nobody has at this moment. */
static enum rc
free_port(struct sockaddr_in *to)
{
	socklen_t len = sizeof(*to);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool ok;

	*to = (struct sockaddr_in){ .sin_family = AF_INET };
	to->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ok = fd >= 0 &&
	    bind(fd, (const struct sockaddr *)to, sizeof(*to)) == 0 &&
	    getsockname(fd, (struct sockaddr *)to, &len) == 0;
	if (fd >= 0)
		(void)close(fd);
	return ok ? RC_OK : RC_IO;
}

static enum rc
try_port(struct web_depth *w, struct buf *why)
{
	char option_d[] = "-D";
	char option_f[] = "-f";
	char address[] = "MCP_ADDRESS=127.0.0.1";
	char port[64];
	char route[SCRATCH_PATH + 32];
	char root[SCRATCH_PATH + 32];
	char log[SCRATCH_PATH + 32];
	char *argv[] = { w->lighttpd, option_d, option_f, w->config, NULL };
	char *env[] = { address, port, route, root, log, NULL };
	unsigned number;
	enum rc rc;

	rc = free_port(&w->to);
	number = ntohs(w->to.sin_port);
	(void)snprintf(port, sizeof(port), "MCP_PORT=%u", number);
	(void)snprintf(
	    route, sizeof(route), "MCP_SOCKET=%s", w->scratch.socket);
	(void)snprintf(root, sizeof(root), "MCP_ROOT=%s", w->scratch.folder);
	(void)snprintf(
	    log, sizeof(log), "MCP_LOG=%slighttpd.log", w->scratch.folder);
	(void)snprintf(w->host, sizeof(w->host), "127.0.0.1:%u", number);
	if (rc == RC_OK)
		rc = scratch_start(&w->scratch, argv, env, &w->server, why);
	if (rc == RC_OK)
		rc = wire_wait(
		    (const struct sockaddr *)&w->to, sizeof(w->to), &w->server);
	return rc;
}

/* One lighttpd for all configurations: it only knows the socket. */
static enum rc
web_begin(struct depth *d, const struct script *s, struct buf *why)
{
	struct web_depth *w = (struct web_depth *)d;
	enum rc rc = scratch_serve(&w->scratch, s, why);

	for (int i = 0; rc == RC_OK && w->server == 0 && i < WEB_TRIES; i++) {
		if (try_port(w, why) != RC_OK)
			scratch_stop(&w->server);
	}
	if (rc == RC_OK && w->server == 0) {
		buf_printf(why, "lighttpd does not serve");
		scratch_put_log(&w->scratch, why);
		return RC_IO;
	}
	d->host = slice_of(w->host);
	return rc;
}

/* ----------------------------------------------------------------- HTTP */

static enum rc
put_request(struct buf *b, const struct message *message, struct slice host)
{
	struct slice target;
	struct slice method = depth_method(message, &target);

	buf_printf(
	    b, "%.*s %.*s HTTP/1.1\r\n", SLICE_FMT(method), SLICE_FMT(target));
	if (depth_field(message->fields, SLICE("Host")).ptr == NULL)
		buf_printf(b, "Host: %.*s\r\n", SLICE_FMT(host));
	for (const struct field *f = message->fields; f != NULL; f = f->next) {
		buf_put_slice(b, f->name);
		buf_put_slice(b, SLICE(": "));
		buf_put_slice(b, f->value);
		buf_put_slice(b, SLICE("\r\n"));
	}
	if (message->body.len > 0 || slice_eq(method, SLICE("POST")))
		buf_printf(b, "Content-Length: %zu\r\n", message->body.len);
	buf_put_slice(b, SLICE("Connection: close\r\n\r\n"));
	buf_put_slice(b, message->body);
	return buf_finish(b);
}

static enum rc
web_exchange(struct depth *d, struct arena *a, const struct message *message,
    struct answer *out, struct buf *why)
{
	struct web_depth *w = (struct web_depth *)d;
	struct buf request = BUF_INIT(WEB_BYTES);
	struct buf bytes = BUF_INIT(WEB_BYTES);
	struct slice kept = SLICE_NONE;
	enum rc rc;

	rc = put_request(&request, message, d->host);
	if (rc == RC_OK)
		rc = wire_exchange((const struct sockaddr *)&w->to,
		    sizeof(w->to), buf_slice(&request), &bytes, why);
	if (rc == RC_OK)
		rc = arena_copy(a, buf_slice(&bytes), &kept);
	if (rc == RC_OK)
		rc = depth_read_answer(a, kept, out);
	if (rc != RC_OK)
		scratch_put_log(&w->scratch, why);
	buf_release(&request);
	buf_release(&bytes);
	return rc;
}

/* ------------------------------------------------------------ life cycle */

static bool
web_free(struct depth *d)
{
	struct web_depth *w = (struct web_depth *)d;
	bool ok;

	scratch_stop(&w->server);
	ok = scratch_release(&w->scratch);
	free(w);
	return ok;
}

static const struct depth_ops web_ops = {
	.name = "web",
	.bit = DEPTH_WEB,
	.begin = web_begin,
	.exchange = web_exchange,
	.free = web_free,
};

/* Debian keeps it where the path of a user does not lead. */
static bool
find_lighttpd(struct web_depth *w)
{
	static const char *const places[] = { "/usr/sbin/lighttpd",
		"/usr/local/sbin/lighttpd", "/usr/bin/lighttpd" };
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	const char *source = getenv("MCP_SOURCE");

	(void)snprintf(w->config, sizeof(w->config),
	    "%s/httpd-conf/lighttpd.conf", source == NULL ? "." : source);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		(void)snprintf(
		    w->lighttpd, sizeof(w->lighttpd), "%s", places[i]);
		if (access(w->lighttpd, X_OK) == 0)
			return access(w->config, R_OK) == 0;
	}
	return false;
}

struct depth *
depth_web_open(struct buf *why, bool *is_missing)
{
	struct web_depth *w = calloc(1, sizeof(*w));
	enum rc rc;

	if (w == NULL)
		return NULL;
	w->base.ops = &web_ops;
	rc = scratch_init(&w->scratch, why);
	*is_missing = rc == RC_NOTFOUND;
	if (rc == RC_OK && !find_lighttpd(w)) {
		buf_printf(why, "no lighttpd, or no configuration for it");
		*is_missing = true;
		rc = RC_NOTFOUND;
	}
	if (rc == RC_OK)
		return &w->base;
	(void)web_free(&w->base);
	return NULL;
}
