#ifndef MCP_SLICE_H
#define MCP_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * Bytes that belong to somebody else: an arena, a buf, a string literal.
 * They may contain NUL and need not end with one.  ptr NULL means "absent",
 * which is not the same as "there, and empty".
 */
struct slice {
	const char *ptr;
	size_t len;
};

/* A slice of a string literal, without its NUL. */
#define SLICE(literal) ((struct slice){ "" literal, sizeof(literal) - 1 })
/* The same where a constant initializer is needed. */
#define SLICE_INIT(literal)                                                    \
	{                                                                      \
		"" literal, sizeof(literal) - 1                                \
	}
#define SLICE_NONE ((struct slice){ NULL, 0 })

/* The arguments of a "%.*s". */
#define SLICE_FMT(s) (int)(s).len, (s).ptr == NULL ? "" : (s).ptr

static inline struct slice
slice_of(const char *string)
{
	return (struct slice){ string, string == NULL ? 0 : strlen(string) };
}

static inline bool
slice_eq(struct slice a, struct slice b)
{
	return a.len == b.len &&
	    (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool
slice_starts(struct slice s, struct slice prefix)
{
	return s.len >= prefix.len &&
	    (prefix.len == 0 || memcmp(s.ptr, prefix.ptr, prefix.len) == 0);
}

static inline bool
slice_ends(struct slice s, struct slice suffix)
{
	return s.len >= suffix.len &&
	    (suffix.len == 0 ||
		memcmp(s.ptr + s.len - suffix.len, suffix.ptr, suffix.len) ==
		    0);
}

/* What is left without the first n bytes; n must not exceed the length. */
static inline struct slice
slice_from(struct slice s, size_t n)
{
	return (struct slice){ s.ptr + n, s.len - n };
}

/* Byte order, shorter first where one is a prefix: <0, 0 or >0. */
int slice_cmp(struct slice a, struct slice b);

/* Equal when the ASCII letters are folded. */
bool slice_ieq(struct slice a, struct slice b);

/* Without the spaces and tabs (HTTP's OWS, RFC 9110 5.6.3) around it. */
struct slice slice_trim(struct slice s);

/*
 * Cut at the first byte that is `at`: what stands before it is returned, and
 * *rest becomes what stands behind it.  Without such a byte the whole is
 * returned and *rest becomes absent.
 */
struct slice slice_cut(struct slice s, char at, struct slice *rest);

#endif
