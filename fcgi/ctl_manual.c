#include <stdio.h>

#include "ctl.h"

/* The parts of mcp-fcgi.conf(5) that are not the table of keys. */
static const char head[] =
    ".Dd November 21, 2026\n"
    ".Dt MCP-FCGI.CONF 5\n"
    ".Os\n"
    ".Sh NAME\n"
    ".Nm mcp-fcgi.conf\n"
    ".Nd configuration of mcp-request, mcp-stream and mcpctl\n"
    ".Sh DESCRIPTION\n"
    "An ini file: sections in brackets, a\n"
    ".Ar key No = Ar value\n"
    "on each line, comments in lines that begin with\n"
    ".Ql \\&;\n"
    "or\n"
    ".Ql # .\n"
    "Every key has a default that works on one host.\n"
    "An unknown section or key, a bad value, or a key that is given twice is\n"
    "refused with file and line.\n"
    ".Pp\n"
    "Sizes take the units K, M and G; times take ms, s, m, h and d.\n"
    "Plain numbers are bytes and seconds.\n"
    "Relative paths begin in the folder of the file; without a file, in\n"
    ".Pa /etc .\n"
    "That also holds for those on the command line, where a key is written\n"
    ".Ar section . Ns Ar key .\n"
    ".Pp\n"
    "A line has less than 200 bytes, and a value at most 170, a path with the\n"
    "folder in front of it.\n"
    "A text goes on in lines that begin with a blank; a list takes one value\n"
    "for each such line, or the key again.\n"
    "A\n"
    ".Ql \\&;\n"
    "behind a blank begins a comment too, so no value can hold that.\n"
    "Values are UTF-8 without control characters.\n"
    ".Pp\n"
    "On SIGHUP\n"
    ".Xr mcp-request 8\n"
    "takes all keys anew, except\n"
    ".Cm server.socket , server.user , server.workers , server.grace ,\n"
    ".Cm limits.calls , limits.calls_waiting\n"
    "and\n"
    ".Cm limits.held ,\n"
    "which need a restart;\n"
    ".Xr mcp-stream 8\n"
    "all but\n"
    ".Cm stream.socket , server.user\n"
    "and\n"
    ".Cm server.grace .\n";

static const char tail[] = ".Sh FILES\n"
			   ".Bl -tag -width Ds\n"
			   ".It Pa /etc/mcp-fcgi.conf\n"
			   "What is read without\n"
			   ".Fl c ,\n"
			   "if it is there.\n"
			   ".El\n"
			   ".Sh EXAMPLES\n"
			   ".Bd -literal -offset indent\n"
			   "[server]\n"
			   "name = weather\n"
			   "socket = /run/mcp/request.sock\n"
			   "instructions = Temperatures are in Celsius.\n"
			   "\tAsk for a city before you ask for a forecast.\n"
			   "\n"
			   "[stream]\n"
			   "socket = /run/mcp/stream.sock\n"
			   "\n"
			   "[catalog]\n"
			   "folder = /srv/weather/catalog\n"
			   "modules =\n"
			   "\t/srv/weather/tides.so\n"
			   "\t/srv/weather/moon.so\n"
			   ".Ed\n"
			   ".Sh SEE ALSO\n"
			   ".Xr mcp-catalog 5 ,\n"
			   ".Xr mcp-request 8 ,\n"
			   ".Xr mcp-stream 8 ,\n"
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
