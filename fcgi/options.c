#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "text.h"
#include "wiring.h"

#define DEFAULT_FILE "/etc/mcp-fcgi.conf"

const char *
wiring_version(void)
{
	return MCP_VERSION;
}

/* KEY=VALUE over what the file says. */
static enum rc
set(struct config *config, const char *assignment, struct buf *why)
{
	const char *equals = strchr(assignment, '=');
	char key[128];
	size_t n = equals == NULL ? 0 : (size_t)(equals - assignment);

	if (n == 0 || n >= sizeof(key)) {
		buf_printf(why, "-o %s: not KEY=VALUE", assignment);
		return RC_SYNTAX;
	}
	memcpy(key, assignment, n);
	key[n] = '\0';
	return config_set(config, key, equals + 1, why);
}

static enum rc
read_file(
    struct wiring_options *options, struct config *config, struct buf *why)
{
	enum rc rc = config_init(config, "/etc");

	if (rc != RC_OK)
		return rc;
	if (options->config_file == NULL && access(DEFAULT_FILE, F_OK) == 0)
		options->config_file = DEFAULT_FILE;
	if (options->config_file == NULL)
		return RC_OK;
	return config_read(config, options->config_file, why);
}

/* What goes over the file. */
static enum rc
override(const struct wiring_options *options, int letter,
    struct config *config, struct buf *why)
{
	const char *key =
	    options->socket_key != NULL ? options->socket_key : "server.socket";

	if (letter == 'o')
		return set(config, optarg, why);
	if (letter == 's')
		return config_set(config, key, optarg, why);
	return RC_OK;
}

/* What is no matter of the configuration; false: it makes no sense. */
static bool
note(struct wiring_options *options, int letter)
{
	uint64_t call = 0;

	if (letter == 'n')
		options->only_check = true;
	if (letter == 'c')
		options->config_file = optarg;
	if (letter == 'r') {
		if (text_u64(slice_of(optarg), INT64_MAX, &call) != RC_OK)
			return false;
		options->call = (int64_t)call;
	}
	return letter != '?';
}

/* One pass over the options: the first finds the file, the second sets what
 * goes over it. */
static enum wiring_said
scan(struct wiring_options *options, struct config *config, bool second,
    struct buf *why)
{
	int c;

	optind = 1;
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	while ((c = getopt(options->argc, options->argv, options->letters)) !=
	    -1) {
		if (c == 'h')
			return WIRING_HELP;
		if (c == 'V')
			return WIRING_VERSION;
		if (!note(options, c))
			return WIRING_USAGE;
		if (second && override(options, c, config, why) != RC_OK)
			return WIRING_BAD;
	}
	options->rest = optind;
	return WIRING_GO;
}

enum wiring_said
wiring_options(struct wiring_options *options, struct config *config)
{
	struct buf why = BUF_INIT((size_t)64 * 1024);
	enum wiring_said said;
	enum rc rc;

	*config = (struct config){ .name = NULL };
	said = scan(options, config, false, &why);
	if (said != WIRING_GO)
		return said;
	rc = read_file(options, config, &why);
	said = rc == RC_OK ? scan(options, config, true, &why) : WIRING_BAD;
	if (said == WIRING_BAD)
		(void)fprintf(
		    stderr, "%s\n", why.len > 0 ? why.ptr : rc_name(rc));
	buf_release(&why);
	return said;
}
