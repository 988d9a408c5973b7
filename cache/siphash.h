#ifndef MCP_SIPHASH_H
#define MCP_SIPHASH_H

#include <stdint.h>

#include "slice.h"

#define SIPHASH_KEY_BYTES 16

/*
 * SipHash-2-4: a short authenticator of a message, for those who share a
 * secret.  What was changed on the way, or made up by somebody else, does not
 * have it.
 */
uint64_t siphash(const unsigned char key[SIPHASH_KEY_BYTES], struct slice text);

#endif
