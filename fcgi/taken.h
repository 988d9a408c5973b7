#ifndef MCP_TAKEN_H
#define MCP_TAKEN_H

#include <stdint.h>

/* A FastCGI connection that was taken over from libfcgi: ours alone, no byte
 * was written, its request was read to the end. */
struct taken {
	int fd; /* close-on-exec */
	uint16_t request;
};

#endif
