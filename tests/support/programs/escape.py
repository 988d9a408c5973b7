#!/usr/bin/env python3
"""Leaves a child behind in a session of its own; prints its number."""
import os
import time

child = os.fork()
if child == 0:
    os.setsid()
    time.sleep(30)
    os._exit(0)
while os.getpgid(child) != child:
    time.sleep(0.001)
print(child)
