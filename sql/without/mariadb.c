/* Built without libmariadb. */
#include "remote.h"

enum rc
mariadb_engine(const struct remote_options *options, struct remote_engine **out,
    struct buf *why)
{
	(void)options;
	*out = NULL;
	buf_put_slice(why,
	    SLICE("this program was built without MariaDB: install libmariadb "
		  "and "
		  "build it with -DMCP_MARIADB=ON"));
	return RC_SYNTAX;
}
