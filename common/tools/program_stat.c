#include "program_stat.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* proc(5): the second field is a name in brackets. */
#define NAME_FIELD 2
#define START_FIELD 22

int64_t
program_stat_start(int64_t pid)
{
	char text[1024];
	ssize_t n;
	const char *at;
	int fd;

	(void)snprintf(text, sizeof(text), "/proc/%lld/stat", (long long)pid);
	fd = open(text, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[n < 0 ? 0 : n] = '\0';
	/* A name may contain anything. */
	at = strrchr(text, ')');
	for (int i = NAME_FIELD; at != NULL && i < START_FIELD; i++)
		at = strchr(at + 1, ' ');
	return at == NULL ? 0 : (int64_t)strtoll(at, NULL, 10);
}
