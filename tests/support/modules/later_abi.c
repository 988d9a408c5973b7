/* Built for a server that does not exist yet. */
#include "simple_module.h"

MODULE("later_abi", MCP_ABI + 1, NULL)
