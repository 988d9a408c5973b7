#ifndef MCP_MIGRATE_PRIVATE_H
#define MCP_MIGRATE_PRIVATE_H

#include "migrate.h"

/* What the build made of the folders of schema files (embed.cmake). */
struct schema_engine {
	const char *name;
	const struct schema_file *files; /* ended by number 0 */
};

/* Ended by a name of NULL. */
extern const struct schema_engine schema_engines[];

#endif
