/* mcpctl schema, store: the store itself. */
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "migrate.h"

static int
bad_usage(const char *text)
{
	(void)fprintf(stderr, "usage: mcpctl %s\n", text);
	return 2;
}

static enum rc
get_info(struct ctl *ctl, struct store *store, struct store_info *info)
{
	struct op op = ctl_op(ctl);

	return store->ops->info(store, &op, info);
}

/* -------------------------------------------------------------- schema */

static int
print_schema(struct ctl *ctl, struct store *store)
{
	struct store_info info;
	char engine[32];
	int newest;
	enum rc rc = get_info(ctl, store, &info);

	if (rc != RC_OK)
		return ctl_failed("schema", rc);
	(void)snprintf(engine, sizeof(engine), "%.*s", SLICE_FMT(info.engine));
	newest = migrate_newest(engine);
	(void)printf("engine          %s\n"
		     "schema          %d\n"
		     "this program    %d\n"
		     "oldest program  %d\n",
	    engine, info.schema, newest, info.oldest_program);
	if (info.schema > newest)
		(void)printf("A newer program shares this store.\n");
	return 0;
}

int
ctl_schema(struct ctl *ctl, int argc, char **argv)
{
	const bool applies = argc == 2 && strcmp(argv[1], "apply") == 0;
	struct store *store;

	if (!applies && (argc != 2 || strcmp(argv[1], "status") != 0))
		return bad_usage("schema status|apply");
	store = applies ? ctl_make_store(ctl) : ctl_store(ctl);
	return store == NULL ? 1 : print_schema(ctl, store);
}

/* --------------------------------------------------------------- store */

int
ctl_store_command(struct ctl *ctl, int argc, char **argv)
{
	struct store_info before;
	struct store_info now;
	struct store *store;
	struct op op;
	enum rc rc;

	if (argc != 2 || strcmp(argv[1], "recovered") != 0)
		return bad_usage("store recovered");
	store = ctl_store(ctl);
	if (store == NULL)
		return 1;
	if (store->ops->renew == NULL) {
		(void)fputs("mcpctl: this store is renewed when it is opened "
			    "after a restart of the machine\n",
		    stderr);
		return 1;
	}
	rc = get_info(ctl, store, &before);
	op = ctl_op(ctl);
	if (rc == RC_OK)
		rc = store->ops->renew(store, &op);
	if (rc == RC_OK)
		rc = get_info(ctl, store, &now);
	if (rc != RC_OK)
		return ctl_failed("store recovered", rc);
	(void)printf("incarnation %u, was %u: streams of before are closed, "
		     "calls of before end as unknown, sessions go on\n",
	    (unsigned)now.incarnation, (unsigned)before.incarnation);
	return 0;
}
