#ifndef MCP_METHOD_H
#define MCP_METHOD_H

#include "exchange.h"
#include "rc.h"
#include "revision.h"
#include "slice.h"

/*
 * The methods a client may call, each with the first and the last revision
 * that has it in this form.  A handler answers x->message with answer_*();
 * what it returns is only about our own failures.
 */
struct method {
	struct slice name;
	enum revision_name since;
	enum revision_name until;
	enum rc (*handle)(struct exchange *x);
};

/* The method of that name in that revision, or NULL. */
const struct method *method_find(
    struct slice name, const struct revision *revision);

/* x->message answered, whatever it is: by its method, or -32601. */
MUST_CHECK enum rc method_dispatch(struct exchange *x);

/* Does x->message call something that may take long? */
bool method_is_long(struct exchange *x);

/* Handlers, by file. */
enum rc method_initialize(struct exchange *x);
enum rc method_ping(struct exchange *x);
enum rc method_set_level(struct exchange *x);
enum rc method_discover(struct exchange *x);
enum rc method_listen(struct exchange *x);
enum rc method_complete(struct exchange *x);
enum rc method_prompts_list(struct exchange *x);
enum rc method_prompts_get(struct exchange *x);
enum rc method_resources_list(struct exchange *x);
enum rc method_resources_read(struct exchange *x);
enum rc method_templates_list(struct exchange *x);
enum rc method_subscribe(struct exchange *x);
enum rc method_unsubscribe(struct exchange *x);
enum rc method_tools_list(struct exchange *x);
enum rc method_tools_call(struct exchange *x);
enum rc method_task_get(struct exchange *x);
enum rc method_task_list(struct exchange *x);
enum rc method_task_cancel(struct exchange *x);
enum rc method_task_result(struct exchange *x);
enum rc method_task_ext_get(struct exchange *x);
enum rc method_task_ext_update(struct exchange *x);
enum rc method_task_ext_cancel(struct exchange *x);

/* Client capabilities as bits, from a capabilities object. */
uint32_t method_caps(const struct json *capabilities);

#endif
