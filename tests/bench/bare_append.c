#include "bare_append.h"

const struct bare_engine *
bare_engine_of(const char *url)
{
	static const struct bare_engine *const engines[] = {
		&bare_sqlite,
#ifdef MCP_WITH_POSTGRESQL
		&bare_postgresql,
#endif
#ifdef MCP_WITH_MARIADB
		&bare_mariadb,
#endif
	};

	for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		if (slice_starts(slice_of(url), engines[i]->scheme))
			return engines[i];
	}
	return NULL;
}
