#!/bin/sh
# Killed by a signal that nobody sent from outside.
echo "about to crash" >&2
kill -SEGV $$
