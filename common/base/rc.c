#include "rc.h"

const char *
rc_name(enum rc rc)
{
	switch (rc) {
	case RC_OK:
		return "ok";
	case RC_NOMEM:
		return "nomem";
	case RC_SYNTAX:
		return "syntax";
	case RC_NOTFOUND:
		return "notfound";
	case RC_CONFLICT:
		return "conflict";
	case RC_FULL:
		return "full";
	case RC_BUSY:
		return "busy";
	case RC_IO:
		return "io";
	case RC_BUG:
		return "bug";
	}
	return "unknown";
}
