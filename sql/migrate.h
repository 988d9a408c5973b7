#ifndef MCP_MIGRATE_H
#define MCP_MIGRATE_H

#include "rc.h"

/*
 * Schema files: sql/<engine>/NNNN_name.sql, embedded at build, applied in
 * order, each statement repeatable.  `meta` holds `schema` (highest file
 * applied) and `oldest_program`: a program whose highest file is below it
 * must refuse.  A release only adds; a file is never edited after release.
 */
struct schema_file {
	int number;
	const char *name; /* "0001_base" */
	const char *sql;
};

/* The files of an engine ("sqlite"), ascending, ended by number 0. */
const struct schema_file *migrate_files(const char *engine);

/* The highest number among them. */
int migrate_newest(const char *engine);

#endif
