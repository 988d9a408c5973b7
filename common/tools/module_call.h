#ifndef MCP_MODULE_CALL_H
#define MCP_MODULE_CALL_H

#include <stdbool.h>

#include "buf.h"
#include "json.h"
#include "mcp_module.h"
#include "tool.h"

/* A module sees only the name of this struct. */
struct mcp_call {
	struct tool_call *call;
	struct buf wrong; /* what the module did wrong with its result */
	bool is_wrong;
	bool is_pending; /* ask() said so */
};

/* What a module does wrong is told at the end; the first mistake counts. */
void module_wrong(struct mcp_call *, const char *what, const char *why);

/* A module's value is a struct json under a name of its own. */
static inline const struct json *
module_json(const struct mcp_value *value)
{
	return (const struct json *)(const void *)value;
}

static inline const struct mcp_value *
module_value(const struct json *json)
{
	return (const struct mcp_value *)(const void *)json;
}

/* Of the sentences about what a module did wrong. */
#define MODULE_WHY_MAX 1024

/* A slice as a C string that lives as long as the call; NULL for an absent
 * one, and without memory (which the call then remembers). */
const char *module_string(struct mcp_call *, struct slice s, size_t *len);

/* The functions of struct mcp_api that look at values. */
const char *module_arguments(struct mcp_call *, size_t *len);
const struct mcp_value *module_argument(struct mcp_call *, const char *name);
enum mcp_type module_type(const struct mcp_value *);
const char *module_text(
    struct mcp_call *, const struct mcp_value *, size_t *len);
double module_number(const struct mcp_value *, double otherwise);
int64_t module_integer(const struct mcp_value *, int64_t otherwise);
int module_boolean(const struct mcp_value *, int otherwise);
size_t module_count(const struct mcp_value *);
const struct mcp_value *module_at(const struct mcp_value *, size_t i);
const struct mcp_value *module_member(
    const struct mcp_value *, const char *name);
const char *module_name_at(
    struct mcp_call *, const struct mcp_value *, size_t i, size_t *len);
const char *module_source(
    struct mcp_call *, const struct mcp_value *, size_t *len);

/* The functions of struct mcp_api that build the result. */
void module_put_text(struct mcp_call *, const char *text, size_t len);
void module_put_image(
    struct mcp_call *, const void *bytes, size_t len, const char *mime);
void module_put_audio(
    struct mcp_call *, const void *bytes, size_t len, const char *mime);
void module_put_resource_text(struct mcp_call *, const char *uri,
    const char *mime, const char *text, size_t len);
void module_put_resource_blob(struct mcp_call *, const char *uri,
    const char *mime, const void *bytes, size_t len);
void module_put_link(
    struct mcp_call *, const char *uri, const char *name, const char *mime);
void module_put_block(struct mcp_call *, const char *json, size_t len);
void module_put_structured(struct mcp_call *, const char *json, size_t len);
void module_fail(struct mcp_call *, const char *text);
void module_refuse(
    struct mcp_call *, int32_t code, const char *text, const char *data);
void module_role(struct mcp_call *, int is_assistant);
void module_describe(struct mcp_call *, const char *text);
void module_missing(struct mcp_call *);

#endif
