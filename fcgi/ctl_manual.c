#include <stdio.h>

#include "ctl.h"

/* The parts of mcp-fcgi.conf(5) that are not the table of keys. */
static const char head[] =
    ".Dd November 21, 2026\n"
    ".Dt MCP-FCGI.CONF 5\n"
    ".Os\n"
    ".Sh NAME\n"
    ".Nm mcp-fcgi.conf\n"
    ".Nd configuration of mcp-request and mcpctl\n"
    ".Sh DESCRIPTION\n"
    "An ini file: sections in brackets, a\n"
    ".Ar key No = Ar value\n"
    "on each line, comments after\n"
    ".Ql \\&;\n"
    "or\n"
    ".Ql # .\n"
    "Every key has a default that works on one host.\n"
    "An unknown section or key, a bad value, or a key that is given twice is\n"
    "refused with file and line.\n"
    ".Pp\n"
    "Sizes take the units K, M and G; times take ms, s, m, h and d.\n"
    "Plain numbers are bytes and seconds.\n"
    "Relative paths are relative to the file.\n"
    "On the command line a key is written\n"
    ".Ar section . Ns Ar key .\n";

static const char tail[] = ".Sh FILES\n"
			   ".Pa /etc/mcp-fcgi.conf\n"
			   ".Sh EXAMPLES\n"
			   ".Bd -literal -offset indent\n"
			   "[server]\n"
			   "name = weather\n"
			   "socket = /run/mcp/request.sock\n"
			   "\n"
			   "[catalog]\n"
			   "folder = /srv/weather/catalog\n"
			   ".Ed\n"
			   ".Sh SEE ALSO\n"
			   ".Xr mcp-catalog 5 ,\n"
			   ".Xr mcp-request 8 ,\n"
			   ".Xr mcpctl 8\n";

int
ctl_manual(struct ctl *ctl, int argc, char **argv)
{
	struct buf keys = BUF_INIT((size_t)256 * 1024);
	int status = 0;

	(void)ctl;
	(void)argv;
	if (argc != 1) {
		(void)fputs("usage: mcpctl manual\n", stderr);
		return 2;
	}
	config_put_manual(&keys);
	if (buf_finish(&keys) != RC_OK)
		status = ctl_failed("manual", RC_NOMEM);
	else
		(void)printf("%s%s%s", head, keys.ptr, tail);
	buf_release(&keys);
	return status;
}
