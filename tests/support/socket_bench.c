#include "socket_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "process.h"

void
socket_bench_init(struct socket_bench *b)
{
	struct buf why = BUF_INIT(4096);

	*b = (struct socket_bench){ .folder = "/tmp/mcp-socket-XXXXXX" };
	assert_non_null(mkdtemp(b->folder));
	(void)snprintf(b->path, sizeof(b->path), "%s/s", b->folder);
	assert_int_equal(
	    process_listen(b->path, NULL, &b->socket, &why), RC_OK);
	buf_release(&why);
}

void
socket_bench_release(struct socket_bench *b)
{
	(void)close(b->socket);
	(void)unlink(b->path);
	assert_int_equal(rmdir(b->folder), 0);
}

int
socket_bench_dial(const struct socket_bench *b)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	memcpy(a.sun_path, b->path, strlen(b->path));
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}
