"""Python as a client, for as long as a test lasts: in the namespace of peer.py it runs what comes in.

Each line of stdin is JSON, {"code": "..."}; each line of stdout answers one, in their order: {"value": V}, where V is what
the last expression of the code came to, or {"error": {"type", "module", "args", "traceback"}}.
"""

import ast
import datetime
import decimal
import json
import sys
import traceback
import uuid

from celery import chain, chord, group
from celery.result import AsyncResult, GroupResult
from kombu import Exchange, Queue

import peer
from peer import *


def speak(protocol):
    """In which protocol tasks are sent from now on."""
    app.amqp.create_task_message = app.amqp.task_protocols[protocol]


namespace = {**globals()}


def run(code):
    body = ast.parse(code).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "<test>", "exec"), namespace)
    return eval(compile(ast.Expression(last.value), "<test>", "eval"), namespace) if last else None


for line in sys.stdin:
    try:
        answer = {"value": run(json.loads(line)["code"])}
    except Exception as error:
        kind = type(error)
        answer = {
            "error": {
                "type": kind.__name__,
                "module": kind.__module__,
                "args": error.args,
                "traceback": traceback.format_exc(),
            }
        }
    print(json.dumps(answer, default=repr), flush=True)
