#ifndef MCP_FUZZ_H
#define MCP_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* What a fuzz target defines; libFuzzer has no header for it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input; the fuzzer reports the one that breaks it. */
static inline void
law(bool holds)
{
	if (!holds)
		abort();
}

#endif
