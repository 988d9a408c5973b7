#define _GNU_SOURCE /* memfd_create */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Read bytes as a file; what is accepted is printed to `out`. */
static enum rc
read_bytes(struct slice bytes, struct buf *out)
{
	struct buf why = BUF_INIT(1 << 20);
	struct config config;
	char path[64];
	int fd = memfd_create("config", 0);
	enum rc rc;

	if (fd < 0 || write(fd, bytes.ptr, bytes.len) != (ssize_t)bytes.len ||
	    config_init(&config, "/etc") != RC_OK)
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	rc = config_read(&config, path, &why);
	/* Nothing is refused without a word. */
	if (rc == RC_SYNTAX && why.len == 0)
		abort();
	if (rc == RC_OK)
		config_put(&config, out);
	config_release(&config);
	buf_release(&why);
	(void)close(fd);
	return rc;
}

/* What is accepted prints to text that is accepted and prints the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf first = BUF_INIT(1 << 20);
	struct buf second = BUF_INIT(1 << 20);
	const struct slice in = { (const char *)data, size };

	if (read_bytes(in, &first) == RC_OK) {
		if (read_bytes(buf_slice(&first), &second) != RC_OK ||
		    !slice_eq(buf_slice(&first), buf_slice(&second)))
			abort();
	}
	buf_release(&first);
	buf_release(&second);
	return 0;
}
