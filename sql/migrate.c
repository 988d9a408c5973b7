#include "migrate.h"

#include <stddef.h>
#include <string.h>

#include "migrate_private.h"

const struct schema_file *
migrate_files(const char *engine)
{
	static const struct schema_file none[] = { { 0, NULL, NULL } };

	for (size_t i = 0; schema_engines[i].name != NULL; i++) {
		if (strcmp(schema_engines[i].name, engine) == 0)
			return schema_engines[i].files;
	}
	return none;
}

int
migrate_newest(const char *engine)
{
	int newest = 0;

	for (const struct schema_file *f = migrate_files(engine);
	     f->number != 0; f++)
		newest = f->number;
	return newest;
}
