#!/bin/sh
# Print one document of a folder, or the list of them.
#
# Arguments come as MCP_ARG_* variables.  What goes to standard error before a
# status other than 0 is what the model gets to read: so it says what to do.
set -eu

folder=$1
name=${MCP_ARG_NAME-}
name=${name%.md}

list() {
	for file in "$folder"/*.md; do
		base=${file##*/}
		IFS= read -r title <"$file" || true
		printf '%s: %s\n' "${base%.md}" "${title#\# }"
	done
}

if [ -z "$name" ]; then
	list
	exit 0
fi

# Only names, never paths: letters, digits, '-' and '_'.
case $name in
*[!A-Za-z0-9_-]*)
	echo "A name has only letters, digits, '-' and '_'. There are:" >&2
	list >&2
	exit 1
	;;
esac

if [ ! -f "$folder/$name.md" ]; then
	echo "There is no document $name. There are:" >&2
	list >&2
	exit 1
fi
exec cat "$folder/$name.md"
