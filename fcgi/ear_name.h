#ifndef MCP_EAR_NAME_H
#define MCP_EAR_NAME_H

#include <inttypes.h>
#include <stdio.h>

/* What those who listen and those who ring agree upon; see ear_socket.h. */

/* "events-9223372036854775807.sock" */
#define EAR_NAME_MAX 40

#define EAR_CALL "call-"
#define EAR_STREAM "events-"
/* Of a process that holds a stream. */
#define EAR_FOLLOW "follow-"
#define EAR_SUFFIX ".sock"

/* Locked by everybody who rings, shared. */
#define EAR_RINGER "ringer"

static inline void
ear_name(char out[EAR_NAME_MAX], const char *prefix, int64_t number)
{
	(void)snprintf(
	    out, EAR_NAME_MAX, "%s%" PRId64 EAR_SUFFIX, prefix, number);
}

#endif
