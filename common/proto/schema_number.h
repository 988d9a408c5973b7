#ifndef MCP_SCHEMA_NUMBER_H
#define MCP_SCHEMA_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rc.h"
#include "slice.h"

/*
 * Numbers of JSON as schemas compare and divide them: exactly, however many
 * digits they have.
 */

/* A decimal number, exactly: 0.DDD times ten to the power of `top`. */
struct schema_number {
	struct slice digits; /* first to last that is not 0; may hold a '.' */
	size_t n;            /* digits in it; 0 for zero */
	int64_t top;
	bool negative;
	bool is_small; /* then `small` is the value */
	int64_t small;
};

struct schema_divisor {
	uint64_t digits; /* without zeros at the end */
	int64_t low;     /* the power of ten they count */
};

/* From the source text of a JSON number, into which it then points. */
void schema_number_read(struct slice raw, struct schema_number *out);

/* <0, 0 or >0. */
int schema_number_cmp(
    const struct schema_number *a, const struct schema_number *b);

/* A divisor, from a number above 0.  RC_FULL if it has more digits than we can divide by. */
MUST_CHECK enum rc schema_divisor_make(
    const struct schema_number *n, struct schema_divisor *out);

/* Is the number a multiple of it? */
bool schema_number_divides(
    const struct schema_divisor *d, const struct schema_number *n);

#endif
