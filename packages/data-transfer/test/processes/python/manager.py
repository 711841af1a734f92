"""A Celery program as a Python manager is one: sends a staging job, waits for its result, and prints what it saw, as JSON.

manager.py job QUEUE ID      sends a message for the whole job
manager.py item TASK_ID      only reads the result of a message that somebody else sent

MANAGER_URL, MANAGER_CA, MANAGER_CERT, MANAGER_KEY: Redis, and what its TLS needs.
"""

import json
import os
import ssl
import sys

from celery import Celery
from celery.result import AsyncResult

tls = {
    "ssl_cert_reqs": ssl.CERT_REQUIRED,
    "ssl_ca_certs": os.environ["MANAGER_CA"],
    "ssl_certfile": os.environ["MANAGER_CERT"],
    "ssl_keyfile": os.environ["MANAGER_KEY"],
}
app = Celery("manager", broker=os.environ["MANAGER_URL"], backend=os.environ["MANAGER_URL"])
app.conf.broker_use_ssl = tls
app.conf.redis_backend_use_ssl = tls

what = sys.argv[1]
if what == "job":
    name = "ccat_data_transfer.staging.stage"
    answer = app.send_task(name, kwargs={"staging_job_id": int(sys.argv[3])}, queue=sys.argv[2])
    print(answer.id, file=sys.stderr, flush=True)
else:
    answer = AsyncResult(sys.argv[2], app=app)
try:
    seen = {"value": answer.get(timeout=100)}
except Exception as error:
    seen = {"exception": type(error).__name__, "args": list(error.args)}
print(json.dumps({"id": answer.id, "state": answer.state, **seen}))
