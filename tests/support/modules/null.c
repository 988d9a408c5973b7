/* A module that cannot work today. */
#include <stddef.h>

#include "mcp_module.h"

const struct mcp_module *
mcp_module_open(const struct mcp_api *api)
{
	(void)api;
	return NULL;
}
