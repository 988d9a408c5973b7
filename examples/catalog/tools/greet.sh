#!/bin/sh
# Ask, and use the answer.  Whatever goes wrong, mcp-tell has said why; it may
# also be that this script is to be run again when the answer is there.
name=$(mcp-tell ask name "What is your name?" 'name!') || exit
echo "Hello, $name!"
