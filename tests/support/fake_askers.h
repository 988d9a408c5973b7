#ifndef MCP_FAKE_ASKERS_H
#define MCP_FAKE_ASKERS_H

#include <stddef.h>
#include <stdint.h>

#include "tool.h"

/* A tool by its definition, and how it is called. */
struct fake {
	const char *definition;
	enum tool_done (*call)(struct tool_call *);
	uint32_t needs;
	unsigned flags;
};

/*
 * Tools that ask or tell their client something, or may be tasks:
 *   ask_form    a form of four kinds of fields, with defaults
 *   ask_many    one round with a question of each kind
 *   ask_name    one question, "name"; declined: says so; "(none)": cannot ask
 *   ask_once    the same, and must not run twice
 *   ask_several a choice of several
 *   ask_twice   "first", then "second"
 *   ask_url     a question that needs the url mode
 *   ask_wrong   a form that is none
 *   job         may be a task; gives "worked"
 *   job_ask     may be a task, asks "name" like ask_name
 *   job_fail    may be a task, and is an error
 *   job_must    must be a task; gives "worked"
 *   talk        progress, log of levels 0 and 3, progress; gives "said"
 *   talk_detached  the same with a row from the start
 */
extern const struct fake fake_askers[];
extern const size_t fake_askers_n;

#endif
