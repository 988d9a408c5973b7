#!/usr/bin/env python3
"""Wants half a gigabyte."""
block = bytearray(512 * 1024 * 1024)
print(len(block))
