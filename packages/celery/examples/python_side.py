"""A Python application whose tasks python-side.ts calls."""

import os

from celery import Celery

url = os.environ.get("CELERY_BROKER_URL", "redis://localhost:6379/0")
app = Celery("names", broker=url, backend=url)


@app.task(name="names.join")
def join(names, separator=" "):
    if not names:
        raise ValueError("nobody")
    return separator.join(names)
