#ifndef MCP_RECORD_H
#define MCP_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "rc.h"
#include "slice.h"

/*
 * FastCGI 1.0 records, both directions, without I/O (FastCGI specification,
 * sections 3 and 8).
 */
enum record_type {
	RECORD_BEGIN = 1,
	RECORD_ABORT = 2,
	RECORD_END = 3,
	RECORD_PARAMS = 4,
	RECORD_STDIN = 5,
	RECORD_STDOUT = 6,
	RECORD_STDERR = 7
};

struct record {
	unsigned type; /* enum record_type, or one that we do not know */
	uint16_t request;
	struct slice content; /* points into the input */
};

/*
 * Take one record from the front of *in and move *in behind it.  RC_OK;
 * RC_BUSY when more bytes are needed (*in unchanged); RC_SYNTAX for a version
 * other than 1.
 */
MUST_CHECK enum rc record_take(struct slice *in, struct record *out);

/* Take one name-value pair from the front of *in (section 3.4).  RC_NOTFOUND
 * at the end, RC_SYNTAX when a length runs past it. */
MUST_CHECK enum rc record_take_pair(
    struct slice *in, struct slice *name, struct slice *value);

/* Append records; long content is split over several, padded to 8 bytes. */
void record_put(struct buf *b, enum record_type type, uint16_t request,
    struct slice content);
void record_put_begin(struct buf *b, uint16_t request, bool keep);
void record_put_end(struct buf *b, uint16_t request, uint32_t app_status);
/* All output was sent, and the request has ended well. */
void record_put_last(struct buf *b, uint16_t request);

/* Append one name-value pair, to be sent as content of RECORD_PARAMS. */
void record_put_pair(struct buf *b, struct slice name, struct slice value);

#endif
