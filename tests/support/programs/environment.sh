#!/bin/sh
# The whole environment, sorted.
exec env | LC_ALL=C sort
