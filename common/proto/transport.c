#include "transport.h"

#include <stddef.h>

/* 2024-11-05 basic/transports; 2025-11-25 basic/transports; 2026-07-28
 * basic/transports/streamable-http. */
static const struct transport transports[] = {
	{
	    .name = TRANSPORT_SSE,
	    .text = "sse",
	    .id_in_query = true,
	    .has_sessions = true,
	},
	{
	    .name = TRANSPORT_STREAMABLE,
	    .text = "streamable",
	    .has_sessions = true,
	    .answers_on_post = true,
	    .has_event_ids = true,
	},
	{
	    .name = TRANSPORT_MODERN,
	    .text = "modern",
	    .answers_on_post = true,
	    .disconnect_cancels = true,
	    .errors_in_status = true,
	},
};

const struct transport *
transport_get(enum transport_name name)
{
	for (size_t i = 0; i < sizeof(transports) / sizeof(*transports); i++) {
		if (transports[i].name == name)
			return &transports[i];
	}
	return NULL;
}
