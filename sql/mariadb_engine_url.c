#include "mariadb_engine.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

/*
 *   mariadb://user:password@host:port,host:port/database?option=value&...
 *
 * All parts may have %XX.  Hosts are names, addresses, or IPv6 addresses in
 * brackets; without a port it is 3306; without a host, localhost.  Several are
 * tried in turn, beginning with the one we had last.  The options:
 *
 *   socket=PATH           connect to this socket instead, of one server
 *   ssl=yes|no            TLS, and nothing without it; yes if any of the
 *                         following is given
 *   ssl-verify=yes|no     the server's certificate and its name; yes
 *   ssl-ca=FILE           who may have signed it
 *   ssl-capath=FOLDER     the same, as a folder
 *   ssl-crl=FILE          what was revoked
 *   ssl-cert=FILE         our own certificate
 *   ssl-key=FILE          and its key
 *   wsrep-sync-wait=N     what waits for the writes of other nodes of a Galera
 *                         cluster (0 to 15; 1, as that variable has it: reads
 *                         and the begins of transactions); without a cluster
 *                         it means nothing
 */

#define SCHEME "mariadb://"
#define PORT 3306U

static enum rc
refuse(struct buf *why, const char *what)
{
	buf_printf(why,
	    "the URL of the store: %s; it is " SCHEME
	    "user:password@host:port/database?option=value",
	    what);
	return RC_SYNTAX;
}

/* In place, for it only becomes shorter.  False: a % that is none, a NUL. */
static bool
decode(char *s)
{
	char *to = s;

	for (; *s != '\0'; s++, to++) {
		unsigned char byte;

		*to = *s;
		if (*s != '%')
			continue;
		if (s[1] == '\0' || s[2] == '\0' ||
		    text_hex((struct slice){ s + 1, 2 }, &byte, 1) != RC_OK ||
		    byte == 0)
			return false;
		*to = (char)byte;
		s += 2;
	}
	*to = '\0';
	return true;
}

/* End the string s at the first `at`; what stands behind it, or NULL. */
static char *
cut(char *s, char at)
{
	char *p = strchr(s, at);

	if (p == NULL)
		return NULL;
	*p = '\0';
	return p + 1;
}

/* ------------------------------------------------------------- options */

static enum rc
take_bool(const char *value, bool *out)
{
	*out = strcmp(value, "yes") == 0;
	return *out || strcmp(value, "no") == 0 ? RC_OK : RC_SYNTAX;
}

static enum rc
take_sync_wait(struct maria_url *u, const char *value)
{
	uint64_t n = 0;

	if (text_u64(slice_of(value), 15, &n) != RC_OK)
		return RC_SYNTAX;
	u->sync_wait = (unsigned int)n;
	return RC_OK;
}

static enum rc
take_option(struct maria_url *u, const char *name, const char *value)
{
	const struct {
		const char *name;
		const char **at;
		bool is_ssl;
	} strings[] = {
		{ "socket", &u->socket, false },
		{ "ssl-ca", &u->ssl_ca, true },
		{ "ssl-capath", &u->ssl_capath, true },
		{ "ssl-crl", &u->ssl_crl, true },
		{ "ssl-cert", &u->ssl_cert, true },
		{ "ssl-key", &u->ssl_key, true },
	};

	if (strcmp(name, "ssl") == 0)
		return take_bool(value, &u->ssl);
	if (strcmp(name, "wsrep-sync-wait") == 0)
		return take_sync_wait(u, value);
	if (strcmp(name, "ssl-verify") == 0) {
		u->ssl = true;
		return take_bool(value, &u->ssl_verify);
	}
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		if (strcmp(name, strings[i].name) != 0)
			continue;
		if (value[0] != '/')
			return RC_SYNTAX;
		*strings[i].at = value;
		u->ssl = u->ssl || strings[i].is_ssl;
		return RC_OK;
	}
	return RC_NOTFOUND;
}

static enum rc
take_options(struct maria_url *u, char *s, struct buf *why)
{
	while (s != NULL) {
		char *rest = cut(s, '&');
		char *value = cut(s, '=');
		enum rc rc;

		if (value == NULL || !decode(value))
			return refuse(why, "options are name=value");
		rc = take_option(u, s, value);
		if (rc != RC_OK) {
			buf_printf(why, "the URL of the store: %s: %s", s,
			    rc == RC_NOTFOUND ? "there is no such option"
					      : "not a value of it");
			return RC_SYNTAX;
		}
		s = rest;
	}
	return RC_OK;
}

/* ---------------------------------------------------------------- hosts */

/* One host, perhaps in brackets, perhaps with a port. */
static bool
take_host(struct maria_host *host, char *s)
{
	uint64_t port = PORT;
	char *rest;

	if (s[0] == '[') {
		s++;
		rest = cut(s, ']');
		if (rest == NULL || (rest[0] != '\0' && rest[0] != ':'))
			return false;
		rest = rest[0] == ':' ? rest + 1 : NULL;
	} else {
		rest = cut(s, ':');
	}
	if (rest != NULL &&
	    (text_u64(slice_of(rest), 65535, &port) != RC_OK || port == 0))
		return false;
	if (!decode(s))
		return false;
	host->name = s[0] == '\0' ? "localhost" : s;
	host->port = (unsigned int)port;
	return true;
}

static enum rc
take_hosts(struct maria_url *u, char *s, struct buf *why)
{
	while (s != NULL) {
		char *rest = cut(s, ',');

		if (u->hosts == MARIA_HOSTS)
			return refuse(why, "too many hosts");
		if (!take_host(&u->host[u->hosts++], s))
			return refuse(why, "a host or a port is not one");
		s = rest;
	}
	return RC_OK;
}

/* A name and perhaps a password, before the last '@'. */
static enum rc
take_user(struct maria_url *u, char **s, struct buf *why)
{
	char *at = strrchr(*s, '@');
	char *password;

	if (at == NULL || at == *s || **s == ':')
		return refuse(why, "a user is needed");
	*at = '\0';
	password = cut(*s, ':');
	if (!decode(*s) || (password != NULL && !decode(password)))
		return refuse(why, "a % of user or password is not %XX");
	u->user = *s;
	u->password = password;
	*s = at + 1;
	return RC_OK;
}

static enum rc
take_all(struct maria_url *u, struct buf *why)
{
	char *s = u->text;
	char *options = cut(s, '?');
	char *database = cut(s, '/');
	enum rc rc;

	if (database == NULL || database[0] == '\0' ||
	    strchr(database, '/') != NULL || !decode(database))
		return refuse(why, "a database is needed");
	u->database = database;
	rc = take_user(u, &s, why);
	if (rc == RC_OK)
		rc = take_hosts(u, s, why);
	if (rc == RC_OK)
		rc = take_options(u, options, why);
	if (rc != RC_OK || u->socket == NULL)
		return rc;
	if (u->hosts != 1 || strcmp(u->host[0].name, "localhost") != 0)
		return refuse(why, "a socket is of no host but localhost");
	return RC_OK;
}

enum rc
maria_url_init(struct maria_url *u, const char *url, struct buf *why)
{
	const struct slice whole = slice_of(url);

	*u = (struct maria_url){ .ssl_verify = true, .sync_wait = 1 };
	if (!slice_starts(whole, SLICE(SCHEME)))
		return refuse(why, "another scheme");
	if (strchr(url, '#') != NULL)
		return refuse(why, "no # in it");
	u->text = strdup(url + sizeof(SCHEME) - 1);
	return u->text == NULL ? RC_NOMEM : take_all(u, why);
}

void
maria_url_release(struct maria_url *u)
{
	free(u->text);
	u->text = NULL;
}
