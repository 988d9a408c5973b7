#!/bin/sh
# Leaves a child behind that keeps the pipes open.
sleep 30 &
echo "done"
