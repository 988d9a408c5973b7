#ifndef MCP_MEDIA_TYPE_H
#define MCP_MEDIA_TYPE_H

#include "slice.h"

/* The media type of a file, by the end of its name (any case); absent if that
 * is not known. */
struct slice media_type_of(struct slice name);

#endif
