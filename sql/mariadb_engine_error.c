#include "mariadb_engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Those that the header of the library does not name. */
#define ERROR_DISK_FULL_LOG 3675 /* of other servers of this family */
#define ERROR_IDLE_TOO_LONG 4031

/* What mcp_done_put() says of a mark that is there already. */
#define DOUBLE_MARK "mcp_done"

enum family {
	FAMILY_OTHER,
	FAMILY_AGAIN,
	FAMILY_NOSPACE,
	FAMILY_NOMEMORY,
	/* The server will not, but another one may, or it later. */
	FAMILY_REFUSED,
	/* The statement was stopped, perhaps behind its commit. */
	FAMILY_BROKEN,
	/* The connection is gone, before the statement was out. */
	FAMILY_GONE
};

static enum family
family_of(unsigned int error)
{
	static const struct {
		unsigned int error;
		enum family family;
	} known[] = {
		/* Galera says a lost certification like a deadlock, at
		 * COMMIT, too. */
		{ ER_LOCK_DEADLOCK, FAMILY_AGAIN },
		{ ER_LOCK_WAIT_TIMEOUT, FAMILY_AGAIN },
		{ ER_CHECKREAD, FAMILY_AGAIN },
		{ ER_NEED_REPREPARE, FAMILY_AGAIN },
		{ ER_DISK_FULL, FAMILY_NOSPACE },
		{ ER_RECORD_FILE_FULL, FAMILY_NOSPACE },
		{ ERROR_DISK_FULL_LOG, FAMILY_NOSPACE },
		{ CR_OUT_OF_MEMORY, FAMILY_NOMEMORY },
		{ ER_CON_COUNT_ERROR, FAMILY_REFUSED },
		{ ER_TOO_MANY_USER_CONNECTIONS, FAMILY_REFUSED },
		{ ER_USER_LIMIT_REACHED, FAMILY_REFUSED },
		{ ER_MAX_PREPARED_STMT_COUNT_REACHED, FAMILY_REFUSED },
		/* A node of Galera without the others. */
		{ ER_UNKNOWN_COM_ERROR, FAMILY_REFUSED },
		/* It has become a replica. */
		{ ER_OPTION_PREVENTS_STATEMENT, FAMILY_REFUSED },
		{ ER_READ_ONLY_MODE, FAMILY_REFUSED },
		{ ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION, FAMILY_REFUSED },
		{ ER_SERVER_SHUTDOWN, FAMILY_BROKEN },
		{ ER_CONNECTION_KILLED, FAMILY_BROKEN },
		{ ERROR_IDLE_TOO_LONG, FAMILY_BROKEN },
		{ ER_QUERY_INTERRUPTED, FAMILY_BROKEN },
		{ ER_STATEMENT_TIMEOUT, FAMILY_BROKEN },
		{ ER_ERROR_DURING_COMMIT, FAMILY_BROKEN },
		{ ER_ABORTING_CONNECTION, FAMILY_BROKEN },
		{ ER_NEW_ABORTING_CONNECTION, FAMILY_BROKEN },
		{ ER_NET_READ_ERROR_FROM_PIPE, FAMILY_BROKEN },
		{ ER_NET_FCNTL_ERROR, FAMILY_BROKEN },
		{ ER_NET_PACKETS_OUT_OF_ORDER, FAMILY_BROKEN },
		{ ER_NET_UNCOMPRESS_ERROR, FAMILY_BROKEN },
		{ ER_NET_READ_ERROR, FAMILY_BROKEN },
		{ ER_NET_READ_INTERRUPTED, FAMILY_BROKEN },
		{ ER_NET_ERROR_ON_WRITE, FAMILY_BROKEN },
		{ ER_NET_WRITE_INTERRUPTED, FAMILY_BROKEN },
		{ CR_SERVER_GONE_ERROR, FAMILY_GONE },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].error == error)
			return known[i].family;
	/* What the library itself says. */
	if ((error >= CR_MIN_ERROR && error <= CR_MAX_ERROR) ||
	    error >= CER_MIN_ERROR)
		return FAMILY_BROKEN;
	return FAMILY_OTHER;
}

static bool
is_double(unsigned int error, const char *sentence)
{
	return error == ER_DUP_ENTRY && strcmp(sentence, DOUBLE_MARK) == 0;
}

/* Engines pass on what the machine said. */
static bool
is_nospace(const char *sentence)
{
	return strstr(sentence, "No space left on device") != NULL ||
	    strstr(sentence, "Disk quota exceeded") != NULL;
}

enum remote_result
maria_class(unsigned int error, const char *sentence, bool is_sent)
{
	const enum remote_result lost = is_sent ? REMOTE_UNKNOWN : REMOTE_LOST;

	if (is_double(error, sentence))
		return REMOTE_DOUBLE;
	switch (family_of(error)) {
	case FAMILY_AGAIN:
		return REMOTE_AGAIN;
	case FAMILY_NOSPACE:
		return REMOTE_NOSPACE;
	case FAMILY_NOMEMORY:
		return REMOTE_NOMEMORY;
	case FAMILY_REFUSED:
		return REMOTE_LOST;
	case FAMILY_BROKEN:
		return lost;
	case FAMILY_GONE:
		/* It could not be written to its end, so it was not run. */
		return REMOTE_LOST;
	case FAMILY_OTHER:
		break;
	}
	return is_nospace(sentence) ? REMOTE_NOSPACE : REMOTE_FAILED;
}

bool
maria_is_fatal(unsigned int error)
{
	switch (family_of(error)) {
	case FAMILY_NOMEMORY:
	case FAMILY_REFUSED:
	case FAMILY_BROKEN:
	case FAMILY_GONE:
		return true;
	case FAMILY_AGAIN:
	case FAMILY_NOSPACE:
	case FAMILY_OTHER:
		break;
	}
	/* The server hangs up behind it. */
	return error == ER_NET_PACKET_TOO_LARGE;
}

/* "TLS/SSL error: Connection reset by peer (104)": nothing was refused. */
static bool
is_cut(const char *sentence)
{
	static const int known[] = { ECONNRESET, ECONNABORTED, EPIPE, ETIMEDOUT,
		EAGAIN, EINTR };
	const char *number = strrchr(sentence, '(');
	const long code = number == NULL ? 0 : strtol(number + 1, NULL, 10);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i] == code)
			return true;
	return strstr(sentence, "unexpected eof") != NULL;
}

enum remote_result
maria_connect_class(unsigned int error, const char *sentence)
{
	static const unsigned int for_good[] = {
		ER_DBACCESS_DENIED_ERROR,
		ER_ACCESS_DENIED_ERROR,
		ER_ACCESS_DENIED_NO_PASSWORD_ERROR,
		ER_BAD_DB_ERROR,
		ER_HOST_NOT_PRIVILEGED,
		ER_NOT_SUPPORTED_AUTH_MODE,
		ER_MUST_CHANGE_PASSWORD,
		CR_SSL_CONNECTION_ERROR,
		CR_AUTH_PLUGIN_CANNOT_LOAD,
		CR_VERSION_ERROR,
	};

	for (size_t i = 0; i < sizeof(for_good) / sizeof(for_good[0]); i++)
		if (for_good[i] == error)
			return is_cut(sentence) ? REMOTE_LOST : REMOTE_FAILED;
	return REMOTE_LOST;
}

void
maria_say(struct buf *why, unsigned int error, const char *sentence)
{
	buf_printf(why, "%s (%u)", sentence, error);
}
