#!/usr/bin/env python3
"""Leaves a grandchild behind, still in the group, that keeps the pipes."""
import os
import time

if os.fork() == 0:
    if os.fork() == 0:
        time.sleep(30)
    os._exit(0)
os.wait()
print("done")
