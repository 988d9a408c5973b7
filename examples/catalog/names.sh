#!/bin/sh
# Print the names of the documents of a folder that begin with what was typed.
#
# A program that completes an argument hears of it in MCP_VALUE, and prints one
# value per line.
set -eu

for file in "$1"/*.md; do
	name=${file##*/}
	name=${name%.md}
	case $name in
	"$MCP_VALUE"*) printf '%s\n' "$name" ;;
	esac
done
