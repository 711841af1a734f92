"""The application that both sides run: one task that does nothing. `celery -A python_app worker`."""

import os

from celery import Celery

app = Celery("bench", broker=os.environ["BENCH_URL"], backend=os.environ["BENCH_URL"])
app.conf.task_acks_late = True
app.conf.task_track_started = True
app.conf.task_default_queue = "bench"


@app.task(name="noop")
def noop():
    return None
