#!/usr/bin/env python3
"""What this host is doing: its time, uptime and load, as JSON."""
import datetime
import json
import os
import time

now = datetime.datetime.now(datetime.timezone.utc)
print(
    json.dumps(
        {
            "time": now.isoformat(timespec="seconds"),
            "up_seconds": int(time.clock_gettime(time.CLOCK_MONOTONIC)),
            "load": [round(value, 2) for value in os.getloadavg()],
        }
    )
)
