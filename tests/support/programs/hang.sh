#!/bin/sh
# Does not end by itself, and neither does its child.
trap '' TERM
sleep 30 &
sleep 30
