#!/bin/sh
# Print the headings of one document, without its code.
#
# The variables of a uriTemplate come as MCP_ARG_* variables.  Status 66 says
# that there is no such resource.
set -eu

case $MCP_ARG_NAME in
'' | *[!A-Za-z0-9_-]*) exit 66 ;;
esac
file=$1/$MCP_ARG_NAME.md
[ -f "$file" ] || exit 66

awk '
	/^```/ { code = !code }
	code { next }
	match($0, /^#+ /) {
		printf "%*s%s\n", 2 * (RLENGTH - 2), "", substr($0, RLENGTH + 1)
	}
' "$file"
