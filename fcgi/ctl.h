#ifndef MCP_CTL_H
#define MCP_CTL_H

#include "arena.h"
#include "config.h"
#include "log.h"
#include "rc.h"
#include "store.h"

/*
 * mcpctl: one function per command.  Each gets its own arguments (argv[0] is
 * the command's name), prints to standard output, complains to standard error
 * and returns the exit status: 0, 1 (it could not, or found faults), 2 (usage).
 */
struct ctl {
	struct config config;
	struct log log;
	struct arena arena;
	struct store *store; /* NULL until ctl_store() */
	struct cache_front *cache;
};

/* The configured store, opened when first asked for; NULL after it said why
 * not. */
struct store *ctl_store(struct ctl *ctl);

/* The same as the first process of a server opens it: one that is not there is
 * made, and steps that lack are taken, by one of all that try at once. */
struct store *ctl_make_store(struct ctl *ctl);

/* Give back what ctl_store() took. */
void ctl_release(struct ctl *ctl);

/* Wait until what was just done to a session is seen by every host. */
void ctl_settle(struct ctl *ctl);

/* What a store call of a command says about itself. */
struct op ctl_op(struct ctl *ctl);

/* Say what could not be done; always 1. */
int ctl_failed(const char *what, enum rc rc);

int ctl_call(struct ctl *ctl, int argc, char **argv);
int ctl_calls(struct ctl *ctl, int argc, char **argv);
int ctl_host(struct ctl *ctl, int argc, char **argv);
int ctl_hosts(struct ctl *ctl, int argc, char **argv);
int ctl_key(struct ctl *ctl, int argc, char **argv);
int ctl_manual(struct ctl *ctl, int argc, char **argv);
int ctl_check(struct ctl *ctl, int argc, char **argv);
int ctl_notify(struct ctl *ctl, int argc, char **argv);
int ctl_schema(struct ctl *ctl, int argc, char **argv);
int ctl_session(struct ctl *ctl, int argc, char **argv);
int ctl_store_command(struct ctl *ctl, int argc, char **argv);
int ctl_sweep(struct ctl *ctl, int argc, char **argv);
int ctl_tasks(struct ctl *ctl, int argc, char **argv);
int ctl_version(struct ctl *ctl, int argc, char **argv);

#endif
