#ifndef MCP_EXCHANGE_FORMS_H
#define MCP_EXCHANGE_FORMS_H

#include <stddef.h>

/*
 * Messages that clients send, all methods of all revisions.  Strings that
 * begin with "@" stand for what was heard before: @cursor, @task, @state,
 * @question, @request, and @mark and @note for words of the client's own.
 */
enum exchange_era { ERA_LEGACY = 1, ERA_MODERN = 2, ERA_BOTH = 3 };

struct exchange_form {
	unsigned eras;
	const char *method; /* NULL: a response, of which `params` is the end */
	const char *params;
};

extern const struct exchange_form exchange_forms[];
extern const size_t exchange_forms_n;

#endif
