#include "module_offer.h"

#include "module_api.h"

/* The bits of enum mcp_tool_flag that are enum tool_flag, and how far those
 * that are enum client_cap were shifted. */
#define FLAGS_TOOL 0xFFu
#define FLAGS_NEEDS_SHIFT 8
#define FLAGS_KNOWN                                                            \
	(MCP_TOOL_DETACHED | MCP_TOOL_ONCE | MCP_TOOL_TASK_LATER |             \
	    MCP_TOOL_NEEDS_ROOTS | MCP_TOOL_NEEDS_SAMPLING |                   \
	    MCP_TOOL_NEEDS_SAMPLING_TOOLS | MCP_TOOL_NEEDS_ELICITATION |       \
	    MCP_TOOL_NEEDS_ELICITATION_URL)

_Static_assert(MCP_TOOL_DETACHED == (int)TOOL_DETACHED, "same bits");
_Static_assert(MCP_TOOL_ONCE == (int)TOOL_ONCE, "same bits");
_Static_assert(MCP_TOOL_TASK_LATER == (int)TOOL_TASK_LATER, "same bits");
_Static_assert(
    MCP_TOOL_NEEDS_ROOTS == CAP_ROOTS << FLAGS_NEEDS_SHIFT, "shifted bits");
_Static_assert(MCP_TOOL_NEEDS_SAMPLING == CAP_SAMPLING << FLAGS_NEEDS_SHIFT,
    "shifted bits");
_Static_assert(
    MCP_TOOL_NEEDS_ELICITATION == CAP_ELICITATION << FLAGS_NEEDS_SHIFT,
    "shifted bits");
_Static_assert(
    MCP_TOOL_NEEDS_ELICITATION_URL == CAP_ELICITATION_URL << FLAGS_NEEDS_SHIFT,
    "shifted bits");
_Static_assert(
    MCP_TOOL_NEEDS_SAMPLING_TOOLS == CAP_SAMPLING_TOOLS << FLAGS_NEEDS_SHIFT,
    "shifted bits");

const char *
module_offer_kind(enum offer kind)
{
	static const char *const names[OFFERS] = {
		[OFFER_TOOL] = "tool",
		[OFFER_PROMPT] = "prompt",
		[OFFER_RESOURCE] = "resource",
		[OFFER_TEMPLATE] = "template",
	};

	return names[kind];
}

static enum tool_done
call(const struct tool *tool, struct tool_call *c)
{
	const struct module_offer *o = tool->ctx;

	return module_run(o->own, c);
}

/* What is wrong with the struct; NULL: nothing. */
static const char *
fault_of(enum offer kind, const struct mcp_tool *own)
{
	if (own->size < sizeof(struct mcp_tool))
		return "its struct has a wrong size";
	if (own->definition == NULL || own->call == NULL)
		return "lacks definition or call";
	if ((own->flags & ~(uint32_t)FLAGS_KNOWN) != 0)
		return "has flags that this server does not know";
	if (own->complete != NULL &&
	    (kind == OFFER_TOOL || kind == OFFER_RESOURCE))
		return "has nothing that complete() could propose";
	return NULL;
}

static enum rc
read_definition(enum offer kind, const struct mcp_tool *own,
    struct definition *out, struct buf *why)
{
	struct buf findings = BUF_INIT(4096);
	const struct json *served_by;
	enum rc rc =
	    definition_read_as(kind, slice_of(own->definition), out, &findings);

	if (rc == RC_SYNTAX) {
		/* One sentence is wanted; the first finding is the cause. */
		struct slice rest;
		struct slice first =
		    slice_cut(buf_slice(&findings), '\n', &rest);

		buf_printf(why, "line %.*s", SLICE_FMT(first));
	}
	buf_release(&findings);
	served_by = rc == RC_OK ? definition_served_by(out) : NULL;
	if (served_by != NULL) {
		buf_printf(why, "a %s in C cannot have the member %.*s",
		    module_offer_kind(kind), SLICE_FMT(served_by->name));
		definition_release(out);
		rc = RC_SYNTAX;
	}
	return rc;
}

enum rc
module_offer_read(enum offer kind, const struct mcp_tool *own,
    struct module_offer *out, struct buf *why)
{
	const char *fault = fault_of(kind, own);
	struct tool *tool = &out->definition.tool;
	enum rc rc;

	if (fault != NULL) {
		buf_put_slice(why, slice_of(fault));
		return RC_SYNTAX;
	}
	rc = read_definition(kind, own, &out->definition, why);
	if (rc != RC_OK)
		return rc;
	out->own = own;
	if ((own->flags & MCP_TOOL_ONCE) != 0)
		tool->flags &= ~(unsigned)TOOL_REPEAT;
	tool->flags |= own->flags & FLAGS_TOOL;
	tool->needs = own->flags >> FLAGS_NEEDS_SHIFT;
	tool->call = call;
	tool->complete = own->complete == NULL ? NULL : call;
	tool->ctx = out;
	return RC_OK;
}
