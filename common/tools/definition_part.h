#ifndef MCP_DEFINITION_PART_H
#define MCP_DEFINITION_PART_H

#include <stdbool.h>
#include <stddef.h>

#include "definition.h"
#include "finding.h"
#include "json.h"
#include "slice.h"

/*
 * What the files that read definitions have in common.  Nobody else includes
 * this.
 */
struct definition_reader {
	struct definition *out;
	struct findings findings;
	const struct json *compact; /* what clients see */
	bool is_file;               /* of the catalog */
	enum rc rc;                 /* a failure of our own */
};

/* One member of a definition; a table of them ends with an absent name. */
struct definition_member {
	struct slice name;
	/* NULL: whoever serves the definition looks at it. */
	void (*read)(struct definition_reader *, const struct json *);
	bool is_needed;
	bool is_own; /* clients do not see it */
};

#define DEFINITION_END                                                         \
	{                                                                      \
		{ NULL, 0 }, NULL, false, false                                \
	}

extern const struct definition_member definition_of_tool[];
extern const struct definition_member definition_of_prompt[];
extern const struct definition_member definition_of_resource[];
extern const struct definition_member definition_of_template[];

/* A finding unless it is absent or of this type. */
void definition_must_be(struct definition_reader *, const struct json *value,
    enum json_type type, const char *name, const char *what);

/* 1 to 64 of A-Z a-z 0-9 _ - . */
bool definition_name_ok(struct slice name);

/* Members that several kinds have. */
void definition_name(struct definition_reader *, const struct json *);
void definition_title(struct definition_reader *, const struct json *);
void definition_description(struct definition_reader *, const struct json *);
void definition_icons(struct definition_reader *, const struct json *);
void definition_meta(struct definition_reader *, const struct json *);
void definition_run(struct definition_reader *, const struct json *);

/* Compile a schema of ours, in JSON, as the one of the arguments. */
void definition_own_input(struct definition_reader *, struct slice schema);

/* What only a look at more than one member tells. */
void definition_whole_prompt(struct definition_reader *);
void definition_whole_resource(struct definition_reader *);

#endif
