#include "schema_private.h"

#define BOTH (SCHEMA_NEW | SCHEMA_OLD)

const struct schema_keyword schema_keywords[SCHEMA_WORDS] = {
	[SCHEMA_W_TYPE] = { SLICE_INIT("type"), BOTH, schema_build_type },
	[SCHEMA_W_CONST] = { SLICE_INIT("const"), BOTH, schema_build_const },
	[SCHEMA_W_ENUM] = { SLICE_INIT("enum"), BOTH, schema_build_enum },
	[SCHEMA_W_MINIMUM] = { SLICE_INIT("minimum"), BOTH,
	    schema_build_limit },
	[SCHEMA_W_MAXIMUM] = { SLICE_INIT("maximum"), BOTH,
	    schema_build_limit },
	[SCHEMA_W_EXCLUSIVE_MINIMUM] = { SLICE_INIT("exclusiveMinimum"), BOTH,
	    schema_build_limit },
	[SCHEMA_W_EXCLUSIVE_MAXIMUM] = { SLICE_INIT("exclusiveMaximum"), BOTH,
	    schema_build_limit },
	[SCHEMA_W_MULTIPLE_OF] = { SLICE_INIT("multipleOf"), BOTH,
	    schema_build_multiple },
	[SCHEMA_W_MIN_LENGTH] = { SLICE_INIT("minLength"), BOTH,
	    schema_build_count },
	[SCHEMA_W_MAX_LENGTH] = { SLICE_INIT("maxLength"), BOTH,
	    schema_build_count },
	[SCHEMA_W_PATTERN] = { SLICE_INIT("pattern"), BOTH,
	    schema_build_pattern },
	[SCHEMA_W_MIN_ITEMS] = { SLICE_INIT("minItems"), BOTH,
	    schema_build_count },
	[SCHEMA_W_MAX_ITEMS] = { SLICE_INIT("maxItems"), BOTH,
	    schema_build_count },
	[SCHEMA_W_UNIQUE_ITEMS] = { SLICE_INIT("uniqueItems"), BOTH,
	    schema_build_unique },
	[SCHEMA_W_REQUIRED] = { SLICE_INIT("required"), BOTH,
	    schema_build_required },
	[SCHEMA_W_MIN_PROPERTIES] = { SLICE_INIT("minProperties"), BOTH,
	    schema_build_count },
	[SCHEMA_W_MAX_PROPERTIES] = { SLICE_INIT("maxProperties"), BOTH,
	    schema_build_count },
	[SCHEMA_W_DEPENDENT_REQUIRED] = { SLICE_INIT("dependentRequired"),
	    SCHEMA_NEW, schema_build_dependents },
	[SCHEMA_W_PROPERTY_NAMES] = { SLICE_INIT("propertyNames"), BOTH,
	    schema_build_names },
	[SCHEMA_W_PROPERTIES] = { SLICE_INIT("properties"), BOTH,
	    schema_build_object },
	[SCHEMA_W_PATTERN_PROPERTIES] = { SLICE_INIT("patternProperties"), BOTH,
	    schema_build_object },
	[SCHEMA_W_ADDITIONAL_PROPERTIES] = { SLICE_INIT("additionalProperties"),
	    BOTH, schema_build_object },
	[SCHEMA_W_PREFIX_ITEMS] = { SLICE_INIT("prefixItems"), SCHEMA_NEW,
	    schema_build_array },
	[SCHEMA_W_ITEMS] = { SLICE_INIT("items"), BOTH, schema_build_array },
	[SCHEMA_W_ADDITIONAL_ITEMS] = { SLICE_INIT("additionalItems"),
	    SCHEMA_OLD, schema_build_place },
	[SCHEMA_W_CONTAINS] = { SLICE_INIT("contains"), BOTH,
	    schema_build_contains },
	[SCHEMA_W_MIN_CONTAINS] = { SLICE_INIT("minContains"), SCHEMA_NEW,
	    schema_build_min_contains },
	[SCHEMA_W_MAX_CONTAINS] = { SLICE_INIT("maxContains"), SCHEMA_NEW,
	    schema_build_min_contains },
	[SCHEMA_W_REF] = { SLICE_INIT("$ref"), BOTH, schema_build_ref },
	[SCHEMA_W_DYNAMIC_REF] = { SLICE_INIT("$dynamicRef"), SCHEMA_NEW,
	    schema_build_ref },
	[SCHEMA_W_ALL_OF] = { SLICE_INIT("allOf"), BOTH, schema_build_list },
	[SCHEMA_W_ANY_OF] = { SLICE_INIT("anyOf"), BOTH, schema_build_list },
	[SCHEMA_W_ONE_OF] = { SLICE_INIT("oneOf"), BOTH, schema_build_list },
	[SCHEMA_W_NOT] = { SLICE_INIT("not"), BOTH, schema_build_one },
	[SCHEMA_W_IF] = { SLICE_INIT("if"), BOTH, schema_build_if },
	[SCHEMA_W_THEN] = { SLICE_INIT("then"), BOTH, schema_build_place },
	[SCHEMA_W_ELSE] = { SLICE_INIT("else"), BOTH, schema_build_place },
	[SCHEMA_W_DEPENDENT_SCHEMAS] = { SLICE_INIT("dependentSchemas"),
	    SCHEMA_NEW, schema_build_dependents },
	[SCHEMA_W_DEPENDENCIES] = { SLICE_INIT("dependencies"), SCHEMA_OLD,
	    schema_build_dependents },
	[SCHEMA_W_UNEVALUATED_ITEMS] = { SLICE_INIT("unevaluatedItems"),
	    SCHEMA_NEW, schema_build_unevaluated },
	[SCHEMA_W_UNEVALUATED_PROPERTIES] = { SLICE_INIT(
						  "unevaluatedProperties"),
	    SCHEMA_NEW, schema_build_unevaluated },
	[SCHEMA_W_DEFS] = { SLICE_INIT("$defs"), SCHEMA_NEW,
	    schema_build_definitions },
	/* Renamed in the newer dialect, which still keeps the name free. */
	[SCHEMA_W_DEFINITIONS] = { SLICE_INIT("definitions"), BOTH,
	    schema_build_definitions },
	[SCHEMA_W_CONTENT_SCHEMA] = { SLICE_INIT("contentSchema"), SCHEMA_NEW,
	    schema_build_place },
};

/* Read elsewhere, or meant for people and programs that look at schemas. */
static const struct {
	struct slice name;
	unsigned dialects;
} quiet[] = {
	{ SLICE_INIT("$schema"), BOTH },
	{ SLICE_INIT("$id"), BOTH },
	{ SLICE_INIT("$comment"), BOTH },
	{ SLICE_INIT("$anchor"), SCHEMA_NEW },
	{ SLICE_INIT("$dynamicAnchor"), SCHEMA_NEW },
	{ SLICE_INIT("$vocabulary"), SCHEMA_NEW },
	{ SLICE_INIT("title"), BOTH },
	{ SLICE_INIT("description"), BOTH },
	{ SLICE_INIT("default"), BOTH },
	{ SLICE_INIT("examples"), BOTH },
	{ SLICE_INIT("format"), BOTH },
	{ SLICE_INIT("readOnly"), BOTH },
	{ SLICE_INIT("writeOnly"), BOTH },
	{ SLICE_INIT("deprecated"), SCHEMA_NEW },
	{ SLICE_INIT("contentEncoding"), BOTH },
	{ SLICE_INIT("contentMediaType"), BOTH },
};

bool
schema_word_is_quiet(struct slice name, enum schema_dialect dialect)
{
	for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++) {
		if ((quiet[i].dialects & 1U << (unsigned)dialect) != 0 &&
		    slice_eq(quiet[i].name, name))
			return true;
	}
	return false;
}
