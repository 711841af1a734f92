"""A Celery app as others write it: `celery -A peer worker`, or imported. Configured by the environment.

PEER_URL             Redis for broker and results
PEER_CONF            more of Celery's settings, as JSON
PEER_VISIBILITY      visibility_timeout in seconds (Celery's default of 3600 when absent)
PEER_LOG             file to which each run of a task adds lines
"""

import json
import os
import time

from celery import Celery
from celery.exceptions import SoftTimeLimitExceeded

app = Celery("peer", broker=os.environ["PEER_URL"], backend=os.environ["PEER_URL"])
app.conf.task_acks_late = True
app.conf.worker_prefetch_multiplier = 1
app.conf.accept_content = ["json", "msgpack", "yaml"]
app.conf.result_accept_content = ["json"]
if "PEER_VISIBILITY" in os.environ:
    app.conf.broker_transport_options = {"visibility_timeout": float(os.environ["PEER_VISIBILITY"])}
app.conf.update(json.loads(os.environ.get("PEER_CONF", "{}")))


def note(line):
    with open(os.environ["PEER_LOG"], "a", encoding="utf-8") as log:
        log.write(line + "\n")


def arrived(result, timeout=60):
    """What a result comes to, by looking again and again.

    A client of Celery 5.2.6 that waits in get() for the end of a canvas misses it now and then (once in some hundred chords,
    also where all workers are Python's): its subscription is gone, the result is there, and get() waits to its timeout.
    """
    end = time.monotonic() + timeout
    while not result.ready():
        if time.monotonic() > end:
            raise TimeoutError(f"{result.id} has not arrived")
        time.sleep(0.01)
    return result.get(timeout=timeout)


@app.task(name="add")
def add(first, second):
    return first + second


@app.task(name="total")
def total(numbers):
    return sum(numbers)


@app.task(name="echo")
def echo(*args, **kwargs):
    return {"args": args, "kwargs": kwargs}


@app.task(name="who")
def who(*_ignored):
    """Who has run it, told by the last of a chain of words."""
    return "python"


@app.task(name="request", bind=True)
def request(self, *args):
    """What this end knows of the message."""
    seen = self.request
    return {
        "id": seen.id,
        "retries": seen.retries,
        "eta": seen.eta,
        "expires": seen.expires,
        "timelimit": list(seen.timelimit or [None, None]),
        "shadow": seen.shadow,
        "priority": seen.delivery_info.get("priority"),
        "routing_key": seen.delivery_info.get("routing_key"),
        "reply_to": seen.reply_to,
        "correlation_id": seen.correlation_id,
        "root_id": seen.root_id,
        "parent_id": seen.parent_id,
        "note": seen.get("note"),
        "argsrepr": seen.argsrepr,
        "kwargsrepr": seen.kwargsrepr,
        "origin": seen.origin,
    }


@app.task(name="fail")
def fail(text="no"):
    raise ValueError(text)


@app.task(name="again", bind=True)
def again(self, times):
    """Succeeds at its `times`-th retry."""
    if self.request.retries < times:
        raise self.retry(countdown=0, max_retries=times, exc=ValueError("not yet"))
    return self.request.retries


@app.task(name="sleep", bind=True)
def sleep(self, seconds):
    note("started " + self.request.id)
    time.sleep(seconds)
    note("ended " + self.request.id)
    return "slept in Python"


@app.task(name="patient", bind=True)
def patient(self, seconds):
    """Ends early when its soft limit says so."""
    note("started " + self.request.id)
    try:
        time.sleep(seconds)
    except SoftTimeLimitExceeded:
        return "warned"
    return "ended"


@app.task(name="nap", bind=True)
def nap(self, seconds):
    note(f"napped {self.request.id} {self.request.delivery_info['priority']}")
    time.sleep(seconds)
    return "python"


@app.task(name="noted", bind=True)
def noted(self, *values):
    note("noted " + json.dumps(values))
    return list(values)


@app.task(name="held", bind=True)
def held(self):
    """The same name as a task of ours: takes the message over when it is restored to Python."""
    note("started " + self.request.id)
    time.sleep(600)


@app.task(name="calls", bind=True)
def calls(self, name, *args):
    """Sends a task to whoever does it; answers its id."""
    return self.app.send_task(name, args, queue=self.request.delivery_info["routing_key"]).id
