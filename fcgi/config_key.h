#ifndef MCP_CONFIG_KEY_H
#define MCP_CONFIG_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "config.h"
#include "rc.h"
#include "slice.h"

/* One key of the configuration, and what its values may be. */
enum config_type {
	CONFIG_NUMBER,
	CONFIG_SIZE,
	CONFIG_TIME,
	CONFIG_WORD, /* one of `words`; kept as its index */
	CONFIG_STRING,
	CONFIG_TEXT,          /* may have several lines */
	CONFIG_ROUTE,         /* the path of a URL, or "*" */
	CONFIG_ROUTE_OR_NONE, /* the path of a URL; "none" is kept as NULL */
	CONFIG_HEX,           /* 64 hex digits */
	CONFIG_PATH,
	CONFIG_SOCKET,  /* a path or host:port */
	CONFIG_URL,     /* of a store */
	CONFIG_LIST,    /* of strings; may repeat */
	CONFIG_PATHS,   /* of paths; may repeat */
	CONFIG_SERVERS, /* of memcached, between commas; may repeat */
	CONFIG_NAME     /* short, and without blanks */
};

struct config_key {
	const char *section;
	const char *name;
	enum config_type type;
	size_t offset;     /* in struct config */
	size_t size;       /* of the member */
	const char *value; /* the default as a file would say it; NULL: none */
	int64_t min;
	int64_t max;
	const char *const *words; /* ends with NULL */
	const char *sentence;     /* for the manual */
};

/* All keys, section by section. */
const struct config_key *config_keys(size_t *n);

/* NULL if there is none of that name. */
const struct config_key *config_find(struct slice section, struct slice name);

/* May it be given more than once? */
bool config_is_list(const struct config_key *key);

/*
 * Set one key from text.  `more`: the text is a further line of the value
 * before.  RC_SYNTAX with what is wrong ("must be ...") in `why`; RC_NOMEM.
 */
MUST_CHECK enum rc config_value_set(struct config *c,
    const struct config_key *key, struct slice text, bool more,
    struct buf *why);

/* Append `name = value` as config_value_set() takes it; nothing if there is
 * no value and no default. */
void config_value_put(
    const struct config *c, const struct config_key *key, struct buf *out);

/* What kind of value, for the manual: "size". */
const char *config_type_name(enum config_type type);

#endif
