#ifndef MCP_FAKE_OFFERS_H
#define MCP_FAKE_OFFERS_H

#include <stddef.h>
#include <stdint.h>

#include "tool.h"

/* A prompt, a resource or a template by its definition, and how it is
 * served. */
struct fake_offer {
	enum offer kind;
	const char *definition;
	enum tool_done (*call)(struct tool_call *);
	enum tool_done (*complete)(struct tool_call *);
	uint32_t needs;
	unsigned flags;
};

/*
 * Prompts:
 *   again     waits for an answer though it has asked nothing
 *   ask       one question, "name"
 *   fails     "it did not work"
 *   greet     arguments `name` and `style`; a message of each role; completes
 *             `name` with "ada", "alan", "grace" by what was typed
 *   media     one of each block, a description of its own and _meta
 *   mute      fails and does not say why
 *   plain     has nothing at all, and gives nothing
 *   summary   refused to clients without sampling
 *   talk      detached: progress, log of level 3; gives "said"
 * Resources:
 *   note://ask  note://fails  note://talk  likewise
 *   note://empty    an empty text
 *   note://gone     says that it is missing
 *   note://image    three bytes
 *   note://many     two items, with _meta and a cache of its own
 *   note://nothing  builds nothing
 *   note://one      one of everything that a revision may have to leave out
 * Templates:
 *   note://by/{author}/{title}  gives "AUTHOR: TITLE"; completes `author` with
 *             250 values, and `title` with one and the word that there are more
 *   note://{any}    gives ANY
 */
extern const struct fake_offer fake_offers[];
extern const size_t fake_offers_n;

#endif
