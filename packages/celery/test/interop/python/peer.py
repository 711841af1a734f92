"""A Celery worker as others write it: `celery -A peer worker`. Configured by the environment.

PEER_URL             Redis for broker and results
PEER_VISIBILITY      visibility_timeout in seconds (Celery's default of 3600 when absent)
PEER_LOG             file to which each run of a task adds lines
"""

import os
import time

from celery import Celery

app = Celery("peer", broker=os.environ["PEER_URL"], backend=os.environ["PEER_URL"])
app.conf.task_acks_late = True
app.conf.worker_prefetch_multiplier = 1
if "PEER_VISIBILITY" in os.environ:
    app.conf.broker_transport_options = {"visibility_timeout": float(os.environ["PEER_VISIBILITY"])}


def note(line):
    with open(os.environ["PEER_LOG"], "a", encoding="utf-8") as log:
        log.write(line + "\n")


@app.task(name="add")
def add(first, second):
    return first + second


@app.task(name="fail")
def fail(text):
    raise ValueError(text)


@app.task(name="sleep", bind=True)
def sleep(self, seconds):
    note("started " + self.request.id)
    time.sleep(seconds)
    note("ended " + self.request.id)
    return "slept in Python"


@app.task(name="held", bind=True)
def held(self):
    """The same name as a task of ours: takes the message over when it is restored to Python."""
    note("started " + self.request.id)
    time.sleep(600)
