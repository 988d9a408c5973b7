#!/bin/sh
# Fails and does not say why.
exit 4
