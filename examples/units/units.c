/*
 * units: two tools in C, as an example of a module.
 *
 *     cc -std=c17 -shared -fPIC -fvisibility=hidden \
 *         -I common/tools -o units.so examples/units/units.c
 *
 * Nothing here but mcp_module.h and libc.  The definitions (what clients see)
 * are JSON text; the functions read the arguments, which are already valid
 * against the inputSchema, and build the result.
 */
#include "mcp_module.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The only name that this object shows. */
#define EXPORT __attribute__((visibility("default")))

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

enum quantity {
	LENGTH,
	AREA,
	VOLUME,
	MASS,
	TEMPERATURE,
	TIME,
	SPEED,
	PRESSURE,
	ENERGY,
	DATA,
	QUANTITIES
};

static const char *const quantity_names[QUANTITIES] = {
	[LENGTH] = "length",
	[AREA] = "area",
	[VOLUME] = "volume",
	[MASS] = "mass",
	[TEMPERATURE] = "temperature",
	[TIME] = "time",
	[SPEED] = "speed",
	[PRESSURE] = "pressure",
	[ENERGY] = "energy",
	[DATA] = "data",
};

/* What the server can do for us; set once, before any call. */
static const struct mcp_api *mcp;

/* value in the base unit = (value + offset) * factor */
struct unit {
	enum quantity quantity;
	const char *symbol; /* case counts: mb is no MB */
	const char *name;   /* case does not; an s may follow */
	double factor;
	double offset;
};

static const struct unit units[] = {
	{ LENGTH, "nm", "nanometre", 1e-9, 0 },
	{ LENGTH, "um", "micrometre", 1e-6, 0 },
	{ LENGTH, "mm", "millimetre", 1e-3, 0 },
	{ LENGTH, "cm", "centimetre", 1e-2, 0 },
	{ LENGTH, "m", "metre", 1, 0 },
	{ LENGTH, "km", "kilometre", 1e3, 0 },
	{ LENGTH, "in", "inch", 0.0254, 0 },
	{ LENGTH, "ft", "foot", 0.3048, 0 },
	{ LENGTH, "yd", "yard", 0.9144, 0 },
	{ LENGTH, "mi", "mile", 1609.344, 0 },
	{ LENGTH, "nmi", "nautical mile", 1852, 0 },
	{ AREA, "m2", "square metre", 1, 0 },
	{ AREA, "ha", "hectare", 1e4, 0 },
	{ AREA, "km2", "square kilometre", 1e6, 0 },
	{ AREA, "ft2", "square foot", 0.09290304, 0 },
	{ AREA, "ac", "acre", 4046.8564224, 0 },
	{ VOLUME, "ml", "millilitre", 1e-6, 0 },
	{ VOLUME, "l", "litre", 1e-3, 0 },
	{ VOLUME, "m3", "cubic metre", 1, 0 },
	{ VOLUME, "floz", "US fluid ounce", 2.95735295625e-5, 0 },
	{ VOLUME, "cup", "US cup", 2.365882365e-4, 0 },
	{ VOLUME, "gal", "US gallon", 3.785411784e-3, 0 },
	{ VOLUME, "ukgal", "imperial gallon", 4.54609e-3, 0 },
	{ MASS, "mg", "milligram", 1e-6, 0 },
	{ MASS, "g", "gram", 1e-3, 0 },
	{ MASS, "kg", "kilogram", 1, 0 },
	{ MASS, "t", "tonne", 1e3, 0 },
	{ MASS, "oz", "ounce", 0.028349523125, 0 },
	{ MASS, "lb", "pound", 0.45359237, 0 },
	{ MASS, "st", "stone", 6.35029318, 0 },
	{ TEMPERATURE, "K", "kelvin", 1, 0 },
	{ TEMPERATURE, "C", "celsius", 1, 273.15 },
	{ TEMPERATURE, "F", "fahrenheit", 5.0 / 9.0, 459.67 },
	{ TIME, "ms", "millisecond", 1e-3, 0 },
	{ TIME, "s", "second", 1, 0 },
	{ TIME, "min", "minute", 60, 0 },
	{ TIME, "h", "hour", 3600, 0 },
	{ TIME, "d", "day", 86400, 0 },
	{ TIME, "wk", "week", 604800, 0 },
	{ SPEED, "m/s", "metre per second", 1, 0 },
	{ SPEED, "km/h", "kilometre per hour", 1 / 3.6, 0 },
	{ SPEED, "mph", "mile per hour", 0.44704, 0 },
	{ SPEED, "kn", "knot", 1852.0 / 3600, 0 },
	{ PRESSURE, "Pa", "pascal", 1, 0 },
	{ PRESSURE, "hPa", "hectopascal", 1e2, 0 },
	{ PRESSURE, "kPa", "kilopascal", 1e3, 0 },
	{ PRESSURE, "bar", "bar", 1e5, 0 },
	{ PRESSURE, "atm", "atmosphere", 101325, 0 },
	{ PRESSURE, "psi", "pound per square inch", 6894.757293168361, 0 },
	{ ENERGY, "J", "joule", 1, 0 },
	{ ENERGY, "kJ", "kilojoule", 1e3, 0 },
	{ ENERGY, "cal", "calorie", 4.184, 0 },
	{ ENERGY, "kcal", "kilocalorie", 4184, 0 },
	{ ENERGY, "Wh", "watt hour", 3600, 0 },
	{ ENERGY, "kWh", "kilowatt hour", 3.6e6, 0 },
	{ DATA, "bit", "bit", 0.125, 0 },
	{ DATA, "B", "byte", 1, 0 },
	{ DATA, "kB", "kilobyte", 1e3, 0 },
	{ DATA, "MB", "megabyte", 1e6, 0 },
	{ DATA, "GB", "gigabyte", 1e9, 0 },
	{ DATA, "TB", "terabyte", 1e12, 0 },
	{ DATA, "KiB", "kibibyte", 1024.0, 0 },
	{ DATA, "MiB", "mebibyte", 1048576.0, 0 },
	{ DATA, "GiB", "gibibyte", 1073741824.0, 0 },
	{ DATA, "TiB", "tebibyte", 1099511627776.0, 0 },
	{ DATA, "Mbit", "megabit", 125e3, 0 },
	{ DATA, "Gbit", "gigabit", 125e6, 0 },
};

/* "metre", "Metres"; American spelling is taken too: "meter", "liters". */
static int
is_name(const char *name, const char *given)
{
	size_t len = strlen(name);
	size_t stem =
	    len > 2 && strcmp(name + len - 2, "re") == 0 ? len - 2 : len;

	if (strncasecmp(given, name, stem) != 0)
		return 0;
	given += stem;
	if (stem < len) {
		if (strncasecmp(given, "re", 2) != 0 &&
		    strncasecmp(given, "er", 2) != 0)
			return 0;
		given += 2;
	}
	return strcmp(given, "") == 0 || strcasecmp(given, "s") == 0;
}

static const struct unit *
unit_find(const char *given)
{
	for (size_t i = 0; i < COUNT(units); i++)
		if (strcmp(units[i].symbol, given) == 0)
			return &units[i];
	for (size_t i = 0; i < COUNT(units); i++)
		if (is_name(units[i].name, given))
			return &units[i];
	return NULL;
}

/* Text in an array of the caller that never runs over; more would be cut. */
struct text {
	char *bytes;
	size_t size;
	size_t len;
};

#define TEXT(array)                                                            \
	{                                                                      \
		.bytes = (array), .size = sizeof(array)                        \
	}

static void
put(struct text *t, const char *s)
{
	size_t room = t->size - 1 - t->len;
	size_t n = strlen(s);

	if (n > room)
		n = room;
	memcpy(t->bytes + t->len, s, n);
	t->len += n;
	t->bytes[t->len] = '\0';
}

static void
put_number(struct text *t, double value)
{
	char digits[40];

	(void)snprintf(digits, sizeof(digits), "%.12g", value);
	put(t, digits);
}

/* --------------------------------------------------------- convert_units */

static enum mcp_done
unknown_unit(struct mcp_call *call, const char *given)
{
	char bytes[4096];
	struct text t = TEXT(bytes);

	put(&t, "There is no unit \"");
	put(&t, strlen(given) <= 40 ? given : "(too long)");
	put(&t, "\". Symbols are case-sensitive. Known:");
	for (size_t i = 0; i < COUNT(units); i++) {
		int is_first =
		    i == 0 || units[i].quantity != units[i - 1].quantity;

		put(&t, is_first ? "\n" : ", ");
		if (is_first) {
			put(&t, quantity_names[units[i].quantity]);
			put(&t, ": ");
		}
		put(&t, units[i].symbol);
	}
	mcp->fail(call, t.bytes);
	return MCP_FAILED;
}

static enum mcp_done
mixed_units(
    struct mcp_call *call, const struct unit *from, const struct unit *to)
{
	char bytes[256];
	struct text t = TEXT(bytes);

	put(&t, from->symbol);
	put(&t, " is a unit of ");
	put(&t, quantity_names[from->quantity]);
	put(&t, " and ");
	put(&t, to->symbol);
	put(&t, " one of ");
	put(&t, quantity_names[to->quantity]);
	put(&t, ": there is no way from one to the other.");
	mcp->fail(call, t.bytes);
	return MCP_FAILED;
}

static void
give(struct mcp_call *call, double value, const struct unit *from,
    double result, const struct unit *to)
{
	char line_bytes[128];
	char json_bytes[128];
	char number_bytes[40];
	struct text line = TEXT(line_bytes);
	struct text json = TEXT(json_bytes);
	struct text number = TEXT(number_bytes);

	put_number(&number, result);
	put_number(&line, value);
	put(&line, " ");
	put(&line, from->symbol);
	put(&line, " = ");
	put(&line, number.bytes);
	put(&line, " ");
	put(&line, to->symbol);
	mcp->text(call, line.bytes, line.len);

	put(&json, "{\"value\":");
	put(&json, number.bytes);
	put(&json, ",\"unit\":\"");
	put(&json, to->symbol);
	put(&json, "\",\"quantity\":\"");
	put(&json, quantity_names[to->quantity]);
	put(&json, "\"}");
	mcp->structured(call, json.bytes, json.len);
}

static enum mcp_done
convert(struct mcp_call *call, void *ctx)
{
	double value = mcp->number(mcp->argument(call, "value"), 0);
	const char *from_text =
	    mcp->string(call, mcp->argument(call, "from"), NULL);
	const char *to_text =
	    mcp->string(call, mcp->argument(call, "to"), NULL);
	const struct unit *from, *to;
	double result;

	(void)ctx;
	/* No memory; the server knows. */
	if (from_text == NULL || to_text == NULL)
		return MCP_FAILED;
	from = unit_find(from_text);
	to = unit_find(to_text);
	if (from == NULL || to == NULL)
		return unknown_unit(call, from == NULL ? from_text : to_text);
	if (from->quantity != to->quantity)
		return mixed_units(call, from, to);
	if (from->quantity == TEMPERATURE && value + from->offset < 0) {
		mcp->fail(call, "That is below absolute zero.");
		return MCP_FAILED;
	}
	result =
	    (value + from->offset) * from->factor / to->factor - to->offset;
	if (!isfinite(result)) {
		mcp->fail(call, "The result is too large for a number.");
		return MCP_FAILED;
	}
	give(call, value, from, result, to);
	return MCP_DONE;
}

/* ------------------------------------------------------------- list_units */

static enum mcp_done
list(struct mcp_call *call, void *ctx)
{
	const char *wanted =
	    mcp->string(call, mcp->argument(call, "quantity"), NULL);
	char bytes[8192];
	struct text json = TEXT(bytes);
	int is_first = 1;

	(void)ctx;
	put(&json, "{\"units\":[");
	for (size_t i = 0; i < COUNT(units); i++) {
		const char *quantity = quantity_names[units[i].quantity];

		if (wanted != NULL && strcmp(wanted, quantity) != 0)
			continue;
		put(&json, is_first ? "{\"symbol\":\"" : ",{\"symbol\":\"");
		put(&json, units[i].symbol);
		put(&json, "\",\"name\":\"");
		put(&json, units[i].name);
		put(&json, "\"}");
		is_first = 0;
	}
	put(&json, "]}");
	mcp->structured(call, json.bytes, json.len);
	return MCP_DONE;
}

/* ------------------------------------------------------------- the module */

static const struct mcp_tool convert_tool = {
	.size = sizeof(struct mcp_tool),
	.definition =
	    "{\"name\":\"convert_units\",\"title\":\"Convert units\","
	    "\"description\":\"Convert a value from one unit of measurement to "
	    "another: length, area, volume, mass, temperature, time, speed, "
	    "pressure, energy and data size.\","
	    "\"inputSchema\":{\"type\":\"object\",\"properties\":{"
	    "\"value\":{\"type\":\"number\"},"
	    "\"from\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":40,"
	    "\"description\":\"symbol (km, lb, C, MiB) or English name\"},"
	    "\"to\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":40,"
	    "\"description\":\"a unit of the same quantity\"}},"
	    "\"required\":[\"value\",\"from\",\"to\"],"
	    "\"additionalProperties\":false},"
	    "\"outputSchema\":{\"type\":\"object\",\"properties\":{"
	    "\"value\":{\"type\":\"number\"},\"unit\":{\"type\":\"string\"},"
	    "\"quantity\":{\"type\":\"string\"}},"
	    "\"required\":[\"value\",\"unit\",\"quantity\"]},"
	    "\"annotations\":{\"readOnlyHint\":true,\"idempotentHint\":true,"
	    "\"openWorldHint\":false}}",
	.call = convert,
};

static const struct mcp_tool list_tool = {
	.size = sizeof(struct mcp_tool),
	.definition =
	    "{\"name\":\"list_units\",\"title\":\"List units\","
	    "\"description\":\"The units that convert_units knows, all of them "
	    "or those of one quantity.\","
	    "\"inputSchema\":{\"type\":\"object\",\"properties\":{"
	    "\"quantity\":{\"enum\":[\"length\",\"area\",\"volume\",\"mass\","
	    "\"temperature\",\"time\",\"speed\",\"pressure\",\"energy\","
	    "\"data\"]}},\"additionalProperties\":false},"
	    "\"outputSchema\":{\"type\":\"object\",\"properties\":{"
	    "\"units\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
	    "\"properties\":{\"symbol\":{\"type\":\"string\"},"
	    "\"name\":{\"type\":\"string\"}},"
	    "\"required\":[\"symbol\",\"name\"]}}},\"required\":[\"units\"]},"
	    "\"annotations\":{\"readOnlyHint\":true,\"idempotentHint\":true,"
	    "\"openWorldHint\":false}}",
	.call = list,
};

static const struct mcp_tool *const tools[] = { &convert_tool, &list_tool,
	NULL };

static const struct mcp_module module = {
	.abi = MCP_ABI,
	.size = sizeof(struct mcp_module),
	.name = "units",
	.tools = tools,
};

EXPORT const struct mcp_module *
mcp_module_open(const struct mcp_api *api)
{
	/* An older server may lack functions that we call. */
	if (api->size < sizeof(struct mcp_api))
		return NULL;
	mcp = api;
	return &module;
}
