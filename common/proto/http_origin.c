#include "http.h"

#include "text.h"

static bool
is_one_of(char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* RFC 3986 3.1 */
static bool
scheme_ok(struct slice s)
{
	if (s.len == 0 || !text_is_alpha(s.ptr[0]))
		return false;
	for (size_t i = 1; i < s.len; i++) {
		if (!text_is_alpha(s.ptr[i]) && !text_is_digit(s.ptr[i]) &&
		    !is_one_of(s.ptr[i], "+-."))
			return false;
	}
	return true;
}

/* The unreserved characters of RFC 3986; browsers send nothing else, and the
 * comma of two joined values must not pass. */
static bool
name_ok(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (!text_is_alpha(s.ptr[i]) && !text_is_digit(s.ptr[i]) &&
		    !is_one_of(s.ptr[i], "-._~"))
			return false;
	}
	return s.len > 0;
}

/* By its characters only: it is compared, never connected to. */
static bool
ipv6_ok(struct slice s)
{
	size_t colons = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == ':')
			colons++;
		else if (!text_is_hex(s.ptr[i]) && s.ptr[i] != '.')
			return false;
	}
	return colons >= 2 && s.len <= sizeof("ffff:") * 7 + sizeof("255");
}

static enum rc
read_port(struct slice rest, struct slice *port)
{
	uint64_t number;

	*port = SLICE_NONE;
	if (rest.len == 0)
		return RC_OK;
	if (rest.ptr[0] != ':')
		return RC_SYNTAX;
	*port = slice_from(rest, 1);
	return text_u64(*port, UINT16_MAX, &number);
}

/* host [ ":" port ] and nothing behind it */
static enum rc
read_authority(struct slice s, struct http_origin *out)
{
	struct slice rest;
	const char *end;
	size_t len;

	if (s.len > 0 && s.ptr[0] == '[') {
		end = memchr(s.ptr, ']', s.len);
		if (end == NULL)
			return RC_SYNTAX;
		len = (size_t)(end - s.ptr) + 1;
		if (!ipv6_ok((struct slice){ s.ptr + 1, len - 2 }))
			return RC_SYNTAX;
	} else {
		len = slice_cut(s, ':', &rest).len;
		if (!name_ok((struct slice){ s.ptr, len }))
			return RC_SYNTAX;
	}
	out->host = (struct slice){ s.ptr, len };
	return read_port(slice_from(s, len), &out->port);
}

enum rc
http_read_host(struct slice value, struct http_origin *out)
{
	struct http_origin found = { .scheme = SLICE_NONE };
	enum rc rc = read_authority(value, &found);

	*out = rc == RC_OK ? found : (struct http_origin){ 0 };
	return rc;
}

enum rc
http_read_origin(struct slice value, struct http_origin *out)
{
	struct slice rest, scheme = slice_cut(value, ':', &rest);
	enum rc rc;

	*out = (struct http_origin){ 0 };
	if (!scheme_ok(scheme) || !slice_starts(rest, SLICE("//")))
		return RC_SYNTAX;
	rc = http_read_host(slice_from(rest, 2), out);
	if (rc == RC_OK)
		out->scheme = scheme;
	return rc;
}

/* Exactly four numbers; the short and octal forms of inet_aton(3) are read in
 * different ways by different programs. */
static bool
is_loopback_ipv4(struct slice host)
{
	uint64_t number;
	struct slice rest = host;
	int numbers = 0;

	if (!slice_starts(host, SLICE("127.")))
		return false;
	while (rest.ptr != NULL) {
		struct slice part = slice_cut(rest, '.', &rest);

		if (text_u64(part, UINT8_MAX, &number) != RC_OK)
			return false;
		numbers++;
	}
	return numbers == 4;
}

bool
http_is_loopback(struct slice host)
{
	const struct slice mapped = SLICE("::ffff:");

	if (slice_starts(host, mapped))
		return is_loopback_ipv4(slice_from(host, mapped.len));
	return slice_ieq(host, SLICE("localhost")) ||
	    slice_eq(host, SLICE("[::1]")) || slice_eq(host, SLICE("::1")) ||
	    is_loopback_ipv4(host);
}
