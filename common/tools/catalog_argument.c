#include "catalog_part.h"
#include "placeholder.h"
#include "uri_template.h"

static bool
check_one(void *ctx, const struct json *at, struct slice name)
{
	struct catalog_reader *r = ctx;

	if (!catalog_has_argument(&r->tool->definition, name)) {
		finding_put(&r->findings, at,
		    "there is no argument for the placeholder {{%.*s}}",
		    FINDING_NAME(name));
	}
	return true;
}

void
catalog_check_placeholders(struct catalog_reader *r, const struct json *value)
{
	(void)placeholder_each(value, check_one, r);
}

static bool
is_other(void *ctx, const struct json *at, struct slice name)
{
	const struct slice *wanted = ctx;

	(void)at;
	return !slice_eq(*wanted, name);
}

static void
hint_unused(const struct json *value, struct slice name, const struct json *at,
    struct findings *f)
{
	if (placeholder_each(value, is_other, &name))
		finding_put(f, at, "the argument %.*s is used nowhere",
		    FINDING_NAME(name));
}

void
catalog_hint_unused(
    const struct catalog_tool *t, const struct json *value, struct findings *f)
{
	const struct definition *d = &t->definition;
	const struct json *list = json_get(d->source, "arguments");
	const struct slice *vars = NULL;
	size_t n = 0;

	if (d->tool.uris != NULL)
		n = uri_template_vars(d->tool.uris, &vars);
	for (size_t i = 0; i < n; i++)
		hint_unused(
		    value, vars[i], json_get(d->source, "uriTemplate"), f);
	if (d->tool.kind != OFFER_PROMPT || list == NULL)
		return;
	for (const struct json *a = list->child; a != NULL; a = a->next)
		hint_unused(value, json_text(json_get(a, "name")), a, f);
}
