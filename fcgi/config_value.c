#include "config_key.h"

#include <string.h>

#include "kv_memcached.h"
#include "store_cached.h"
#include "text.h"

/* A line of the file must be able to hold it behind its name. */
#define VALUE_MAX 170
/* Of one list: looking through it must stay cheap. */
#define ITEMS_MAX 256
/* Said for no path, where there is a default. */
#define NONE "none"

struct unit {
	const char *name;
	int64_t factor;
};

/* The largest first: that is how a value is printed. */
static const struct unit size_units[] = { { "G", INT64_C(1) << 30 },
	{ "M", INT64_C(1) << 20 }, { "K", INT64_C(1) << 10 }, { "", 1 },
	{ NULL, 0 } };
static const struct unit time_units[] = { { "d", INT64_C(86400000) },
	{ "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 },
	{ "", 1000 }, { NULL, 0 } };
static const struct unit plain_units[] = { { "", 1 }, { NULL, 0 } };

static enum rc
wrong(struct buf *why, const char *sentence)
{
	buf_printf(why, "%s", sentence);
	return RC_SYNTAX;
}

static void *
member(struct config *c, const struct config_key *key)
{
	return (char *)c + key->offset;
}

static const void *
member_of(const struct config *c, const struct config_key *key)
{
	return (const char *)c + key->offset;
}

/* ------------------------------------------------------------ numbers */

/* All of them are kept as integers of the member's size, never negative. */
static void
keep_number(struct config *c, const struct config_key *key, int64_t value)
{
	uint8_t byte = (uint8_t)value;
	uint32_t word = (uint32_t)value;

	if (key->size == sizeof(byte))
		memcpy(member(c, key), &byte, sizeof(byte));
	else if (key->size == sizeof(word))
		memcpy(member(c, key), &word, sizeof(word));
	else
		memcpy(member(c, key), &value, sizeof(value));
}

static int64_t
kept_number(const struct config *c, const struct config_key *key)
{
	uint8_t byte = 0;
	uint32_t word = 0;
	int64_t value = 0;

	if (key->size == sizeof(byte)) {
		memcpy(&byte, member_of(c, key), sizeof(byte));
		return byte;
	}
	if (key->size == sizeof(word)) {
		memcpy(&word, member_of(c, key), sizeof(word));
		return word;
	}
	memcpy(&value, member_of(c, key), sizeof(value));
	return value;
}

static const struct unit *
units_of(enum config_type type)
{
	if (type == CONFIG_SIZE)
		return size_units;
	return type == CONFIG_TIME ? time_units : plain_units;
}

static void
put_number(struct buf *out, enum config_type type, int64_t value)
{
	const struct unit *unit = units_of(type);

	if (value == 0) {
		buf_put_char(out, '0');
		return;
	}
	while (value % unit->factor != 0)
		unit++;
	buf_put_i64(out, value / unit->factor);
	buf_put_slice(out, slice_of(unit->name));
}

static enum rc
out_of_range(const struct config_key *key, struct buf *why)
{
	buf_printf(why, "must be a %s from ", config_type_name(key->type));
	put_number(why, key->type, key->min);
	buf_put_slice(why, SLICE(" to "));
	put_number(why, key->type, key->max);
	return RC_SYNTAX;
}

static enum rc
set_number(struct config *c, const struct config_key *key, struct slice text,
    struct buf *why)
{
	const struct unit *unit = units_of(key->type);
	struct slice digits = text;
	struct slice name;
	uint64_t value;

	digits.len = 0;
	while (digits.len < text.len && text.ptr[digits.len] >= '0' &&
	    text.ptr[digits.len] <= '9')
		digits.len++;
	name = slice_from(text, digits.len);
	while (unit->name != NULL && !slice_eq(name, slice_of(unit->name)))
		unit++;
	if (unit->name == NULL ||
	    text_u64(digits, (uint64_t)(INT64_MAX / unit->factor), &value) !=
		RC_OK)
		return out_of_range(key, why);
	if ((int64_t)value * unit->factor < key->min ||
	    (int64_t)value * unit->factor > key->max)
		return out_of_range(key, why);
	keep_number(c, key, (int64_t)value * unit->factor);
	return RC_OK;
}

static enum rc
set_word(struct config *c, const struct config_key *key, struct slice text,
    struct buf *why)
{
	for (int i = 0; key->words[i] != NULL; i++) {
		if (slice_eq(text, slice_of(key->words[i]))) {
			keep_number(c, key, i);
			return RC_OK;
		}
	}
	buf_put_slice(why, SLICE("must be"));
	for (int i = 0; key->words[i] != NULL; i++)
		buf_printf(why, "%s %s", i > 0 ? " or" : "", key->words[i]);
	return RC_SYNTAX;
}

/* ------------------------------------------------------------ strings */

static const char *
kept_string(const struct config *c, const struct config_key *key)
{
	const char *s = NULL;

	memcpy(&s, member_of(c, key), sizeof(s));
	return s;
}

static struct config_list
kept_list(const struct config *c, const struct config_key *key)
{
	struct config_list list = { NULL, 0 };

	memcpy(&list, member_of(c, key), sizeof(list));
	return list;
}

/* head, glue and tail as one string of the arena; NULL without memory. */
static const char *
join(struct config *c, struct slice head, char glue, struct slice tail)
{
	char *p = arena_bytes(&c->arena, head.len + tail.len + 2);

	if (p == NULL)
		return NULL;
	memcpy(p, head.ptr, head.len);
	p[head.len] = glue;
	memcpy(p + head.len + 1, tail.ptr, tail.len);
	p[head.len + 1 + tail.len] = '\0';
	return p;
}

static const char *
path_of(struct config *c, struct slice text)
{
	if (text.ptr[0] == '/')
		return arena_string(&c->arena, text);
	return join(c, slice_of(c->folder), '/', text);
}

/* sqlite:file, sqlite:/file and sqlite:///file all become the last. */
static const char *
url_of(struct config *c, struct slice text)
{
	const struct slice engine = SLICE("sqlite:");
	const struct slice slashes = SLICE("//");
	struct slice path;

	if (!slice_starts(text, engine) || text.len == engine.len)
		return arena_string(&c->arena, text);
	path = slice_from(text, engine.len);
	if (slice_starts(path, slashes))
		return arena_string(&c->arena, text);
	path = slice_of(path_of(c, path));
	if (path.ptr == NULL)
		return NULL;
	return join(c, SLICE("sqlite:/"), '/', path);
}

/* What is stored for a value of this type; NULL without memory. */
static const char *
string_of(struct config *c, enum config_type type, struct slice text)
{
	bool is_path = type == CONFIG_PATH || type == CONFIG_PATHS ||
	    (type == CONFIG_SOCKET && memchr(text.ptr, ':', text.len) == NULL);

	if (type == CONFIG_URL)
		return url_of(c, text);
	if (is_path)
		return path_of(c, text);
	return arena_string(&c->arena, text);
}

/*
 * What a line of the file cannot hold is not taken from elsewhere either:
 * control characters, and a ';' behind a blank, which begins a comment.
 */
static enum rc
check_text(struct slice text, struct buf *why)
{
	if (text.len > VALUE_MAX)
		return wrong(why, "is too long for one line");
	if (!text_utf8_ok(text))
		return wrong(why, "must be UTF-8");
	for (size_t i = 0; i < text.len; i++) {
		unsigned char byte = (unsigned char)text.ptr[i];

		if (byte < ' ' || byte == 0x7f)
			return wrong(why, "must not hold control characters");
		if (byte == ';' && (i == 0 || text.ptr[i - 1] == ' '))
			return wrong(why, "must not hold a comment");
	}
	return RC_OK;
}

static enum rc
check_type(const struct config_key *key, struct slice text, struct buf *why)
{
	unsigned char secret[32];
	const struct slice any = SLICE("*");

	if (key->type == CONFIG_ROUTE && text.ptr[0] != '/' &&
	    !slice_eq(text, any))
		return wrong(why, "must begin with /, or be *");
	if (key->type == CONFIG_ROUTE_OR_NONE && text.ptr[0] != '/' &&
	    !slice_eq(text, slice_of(NONE)))
		return wrong(why, "must begin with /, or be " NONE);
	if (key->type == CONFIG_HEX &&
	    text_hex(text, secret, sizeof(secret)) != RC_OK)
		return wrong(why, "must be 64 hex digits");
	if (key->type == CONFIG_NAME &&
	    (!text_visible_ok(text) || text.len > CACHE_PREFIX_MAX))
		return wrong(why, "must be short visible ASCII");
	return RC_OK;
}

static bool
is_none(const struct config_key *key, struct slice text)
{
	return key->type == CONFIG_ROUTE_OR_NONE &&
	    slice_eq(text, slice_of(NONE));
}

static enum rc
set_string(struct config *c, const struct config_key *key, struct slice text,
    struct buf *why)
{
	const char *s = NULL;
	enum rc rc = RC_OK;

	if (text.len == 0 && key->value != NULL)
		return wrong(why, "must not be empty");
	if (text.len > 0 && !is_none(key, text)) {
		s = string_of(c, key->type, text);
		if (s == NULL)
			return RC_NOMEM;
		/* A path may have grown by the folder in front of it. */
		rc = check_text(slice_of(s), why);
	}
	if (rc == RC_OK)
		memcpy(member(c, key), &s, sizeof(s));
	return rc;
}

static enum rc
add_item(struct config *c, const struct config_key *key, struct slice text,
    struct buf *why)
{
	struct config_list list = kept_list(c, key);
	const char **item;
	const char *s;

	if (text.len == 0)
		return RC_OK;
	if (list.n >= ITEMS_MAX)
		return wrong(why, "has too many values");
	item = arena_alloc(&c->arena, (list.n + 1) * sizeof(*item));
	s = string_of(c, key->type, text);
	if (item == NULL || s == NULL)
		return RC_NOMEM;
	if (check_text(slice_of(s), why) != RC_OK)
		return RC_SYNTAX;
	for (size_t i = 0; i < list.n; i++)
		item[i] = list.item[i];
	item[list.n] = s;
	list = (struct config_list){ item, list.n + 1 };
	memcpy(member(c, key), &list, sizeof(list));
	return RC_OK;
}

/* Items between commas. */
static enum rc
add_servers(struct config *c, const struct config_key *key, struct slice text,
    struct buf *why)
{
	enum rc rc = RC_OK;

	while (rc == RC_OK && text.ptr != NULL) {
		struct slice one = slice_trim(slice_cut(text, ',', &text));
		const char *address = arena_string(&c->arena, one);

		if (address == NULL)
			return RC_NOMEM;
		if (one.len == 0)
			continue;
		if (!kv_memcached_is_address(address))
			return wrong(why,
			    "must be host:port, or a path that begins with /");
		if (kept_list(c, key).n >= KV_MEMCACHED_SERVERS_MAX)
			return wrong(why, "has too many values");
		rc = add_item(c, key, one, why);
	}
	return rc;
}

static enum rc
add_line(struct config *c, const struct config_key *key, struct slice text)
{
	const char *s = kept_string(c, key);

	s = s == NULL ? arena_string(&c->arena, text)
		      : join(c, slice_of(s), '\n', text);
	if (s == NULL)
		return RC_NOMEM;
	memcpy(member(c, key), &s, sizeof(s));
	return RC_OK;
}

/* ---------------------------------------------------------- every type */

enum rc
config_value_set(struct config *c, const struct config_key *key,
    struct slice text, bool more, struct buf *why)
{
	enum rc rc = check_text(text, why);

	if (rc == RC_OK && text.len > 0)
		rc = check_type(key, text, why);
	if (rc != RC_OK)
		return rc;
	if (key->type == CONFIG_SERVERS)
		return add_servers(c, key, text, why);
	if (config_is_list(key))
		return add_item(c, key, text, why);
	if (more && key->type == CONFIG_TEXT)
		return add_line(c, key, text);
	if (more)
		return wrong(why, "has no second line");
	if (key->type == CONFIG_WORD)
		return set_word(c, key, text, why);
	if (key->type == CONFIG_NUMBER || key->type == CONFIG_SIZE ||
	    key->type == CONFIG_TIME)
		return set_number(c, key, text, why);
	return set_string(c, key, text, why);
}

static void
put_line(struct buf *out, const struct config_key *key, struct slice value)
{
	buf_printf(out, "%s = ", key->name);
	buf_put_slice(out, value);
	buf_put_char(out, '\n');
}

static void
put_text(struct buf *out, const struct config_key *key, const char *text)
{
	struct slice rest = slice_of(text);

	put_line(out, key, slice_cut(rest, '\n', &rest));
	while (rest.ptr != NULL) {
		buf_put_char(out, '\t');
		buf_put_slice(out, slice_cut(rest, '\n', &rest));
		buf_put_char(out, '\n');
	}
}

void
config_value_put(
    const struct config *c, const struct config_key *key, struct buf *out)
{
	struct config_list list;

	if (config_is_list(key)) {
		list = kept_list(c, key);
		for (size_t i = 0; i < list.n; i++)
			put_line(out, key, slice_of(list.item[i]));
		return;
	}
	if (key->type == CONFIG_WORD) {
		put_line(out, key, slice_of(key->words[kept_number(c, key)]));
		return;
	}
	if (key->type == CONFIG_NUMBER || key->type == CONFIG_SIZE ||
	    key->type == CONFIG_TIME) {
		buf_printf(out, "%s = ", key->name);
		put_number(out, key->type, kept_number(c, key));
		buf_put_char(out, '\n');
		return;
	}
	if (kept_string(c, key) != NULL)
		put_text(out, key, kept_string(c, key));
	else if (key->type == CONFIG_ROUTE_OR_NONE)
		put_line(out, key, slice_of(NONE));
}

const char *
config_type_name(enum config_type type)
{
	static const char *const name[] = { [CONFIG_NUMBER] = "number",
		[CONFIG_SIZE] = "size",
		[CONFIG_TIME] = "time",
		[CONFIG_WORD] = "word",
		[CONFIG_STRING] = "string",
		[CONFIG_TEXT] = "text",
		[CONFIG_ROUTE] = "path",
		[CONFIG_ROUTE_OR_NONE] = "path",
		[CONFIG_HEX] = "digits",
		[CONFIG_PATH] = "path",
		[CONFIG_SOCKET] = "address",
		[CONFIG_URL] = "url",
		[CONFIG_LIST] = "string",
		[CONFIG_PATHS] = "path",
		[CONFIG_SERVERS] = "address",
		[CONFIG_NAME] = "string" };

	return name[type];
}
