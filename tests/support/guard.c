#include "guard.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGES 32

bool
guard_init(struct guard *g)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	void *p;

	g->size = PAGES * page;
	if (fd < 0)
		return false;
	p = mmap(
	    NULL, g->size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	(void)close(fd);
	if (p == MAP_FAILED)
		return false;
	g->pages = p;
	return mprotect(g->pages + g->size, page, PROT_NONE) == 0;
}

void
guard_release(struct guard *g)
{
	size_t page = g->size / PAGES;

	(void)munmap(g->pages, g->size + page);
}

struct slice
guard_place(struct guard *g, struct slice bytes)
{
	char *at = g->pages + g->size - bytes.len;

	if (bytes.len > 0)
		memcpy(at, bytes.ptr, bytes.len);
	return (struct slice){ at, bytes.len };
}
