/* A module that forgot its lists. */
#include "simple_module.h"

OFFERS("offers_nothing", .tools = NULL)
