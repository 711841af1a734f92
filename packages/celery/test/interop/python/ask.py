"""Sends one task and prints, as JSON, what a Python client gets to see of its result.

ask.py URL QUEUE NAME ARGS KWARGS [OPTIONS]     the last three as JSON
"""

import json
import sys

from celery import Celery
from celery.exceptions import TimeoutError as NoAnswer

url, queue, name, args, kwargs = sys.argv[1:6]
options = json.loads(sys.argv[6]) if len(sys.argv) > 6 else {}
app = Celery("asker", broker=url, backend=url)
answer = app.send_task(name, json.loads(args), json.loads(kwargs), queue=queue, **options)
try:
    seen = {"value": answer.get(timeout=60)}
except NoAnswer:
    raise
except Exception as error:
    kind = type(error)
    seen = {
        "exception": kind.__name__,
        "builtin": kind.__module__ == "builtins",
        "args": list(error.args),
        "traceback": answer.traceback,
    }
print(json.dumps({"id": answer.id, "state": answer.state, **seen}))
