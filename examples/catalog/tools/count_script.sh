#!/bin/sh
# Count, and say how far it is.  The same tool in C: examples/count/count.c.
set -eu

n=$MCP_ARG_N
ms=${MCP_ARG_MS-100}
marker=${MCP_ARG_MARKER-count}
nap=$((ms / 1000)).$(printf '%03d' $((ms % 1000)))

i=0
while [ "$i" -lt "$n" ]; do
	i=$((i + 1))
	mcp-tell progress -- "$i" "$n" "$marker $i of $n"
	sleep "$nap"
done
echo "$marker counted to $n"
