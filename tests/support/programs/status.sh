#!/bin/sh
# Ends with a status and a reason.
echo "ignored"
echo "not today" >&2
exit 3
