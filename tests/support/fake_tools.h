#ifndef MCP_FAKE_TOOLS_H
#define MCP_FAKE_TOOLS_H

#include "tool.h"

/*
 * A toolbox of small tools, sorted by name: audio, compute, echo, fail,
 * image, link, list, nothing, resource, summarize, weather, zero.  What they
 * look like is in fake_definitions.h; they are deterministic and need nothing.
 */
struct fake_tools;

/* Make one; *calls (if not NULL) counts how often any tool ran. */
MUST_CHECK enum rc fake_tools_open(
    unsigned long *calls, struct fake_tools **out);

/* The same with those of fake_askers.h and fake_offers.h. */
MUST_CHECK enum rc fake_tools_open_all(
    unsigned long *calls, struct fake_tools **out);

struct toolbox *fake_tools_toolbox(struct fake_tools *f);

/* NULL is allowed. */
void fake_tools_free(struct fake_tools *f);

#endif
