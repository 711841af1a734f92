"""Sends tasks one after the other, waits for each result, and prints the times in ms as JSON: python_round_trip.py COUNT"""

import json
import sys
import time

from python_app import noop

times = []
for _ in range(int(sys.argv[1])):
    before = time.perf_counter()
    noop.apply_async().get(timeout=60)
    times.append((time.perf_counter() - before) * 1000)
print(json.dumps(times))
