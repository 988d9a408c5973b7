/* Built without libpq. */
#include "remote.h"

enum rc
postgresql_engine(const struct remote_options *options,
    struct remote_engine **out, struct buf *why)
{
	(void)options;
	*out = NULL;
	buf_put_slice(why,
	    SLICE(
		"this program was built without PostgreSQL: install libpq and "
		"build it with -DMCP_POSTGRESQL=ON"));
	return RC_SYNTAX;
}
