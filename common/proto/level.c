#include "level.h"

/* RFC 5424 6.2.1, the other way round. */
static const struct slice names[] = { SLICE_INIT("debug"), SLICE_INIT("info"),
	SLICE_INIT("notice"), SLICE_INIT("warning"), SLICE_INIT("error"),
	SLICE_INIT("critical"), SLICE_INIT("alert"), SLICE_INIT("emergency") };

#define LEVELS ((int)(sizeof(names) / sizeof(names[0])))

int
level_read(struct slice name)
{
	for (int i = 0; i < LEVELS; i++) {
		if (slice_eq(name, names[i]))
			return i;
	}
	return LEVEL_NONE;
}

struct slice
level_name(int level)
{
	return level >= 0 && level < LEVELS ? names[level] : SLICE_NONE;
}
