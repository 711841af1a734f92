"""Tasks for canvas, the canvases of canvases.ts as Python composes them, and a client.

As a worker:  celery -A canvases worker            PEER_URL, PEER_QUEUE in the environment
As a client:  canvases.py outcomes NAME ...        applies them, prints {name: {"value"} or {"error", "args"}} as JSON
              canvases.py saved                    saves a group of two results, prints its id and theirs
              canvases.py seen ID                  what a Python client sees of a task's result
              canvases.py group ID                 what a saved group comes to
              canvases.py member                   reads [id, state, result] lists as JSON from standard input, prints each
                                                   as Python's workers count it into a chord
"""

import json
import os
import sys
import time

from celery import Celery, chain, chord, group

app = Celery("canvases", broker=os.environ["PEER_URL"], backend=os.environ["PEER_URL"])
app.conf.task_default_queue = os.environ["PEER_QUEUE"]
app.conf.task_acks_late = True
app.conf.worker_prefetch_multiplier = 1


def note(*words):
    if "PEER_LOG" in os.environ:
        with open(os.environ["PEER_LOG"], "a", encoding="utf-8") as log:
            log.write(" ".join(map(str, words)) + "\n")


@app.task(name="add", bind=True)
def add(self, first, second):
    note("add", self.request.id)
    return first + second


@app.task(name="total")
def total(numbers):
    return sum(numbers)


@app.task(name="list")
def as_list(*values):
    note("list", json.dumps(values))
    return list(values)


@app.task(name="noted")
def noted(task_id):
    """An errback as Python sends them as tasks: with one parameter."""
    note("noted", task_id)


@app.task(name="fail")
def fail(text="no"):
    raise ValueError(text)


@app.task(name="become", bind=True)
def become(self, kind):
    """In whose place something else comes."""
    kinds = {
        "task": add.s(20, 22),
        "chain": chain(add.s(20, 20), add.s(2)),
        "group": group(add.s(1, 1), add.s(2, 2)),
    }
    raise self.replace(kinds[kind])


CANVASES = {
    "task": lambda: add.s(1, 2),
    "chain": lambda: chain(add.s(1, 2), add.s(3), add.s(4)),
    "immutable": lambda: chain(add.s(1, 2), add.si(10, 20)),
    "chain_of_chains": lambda: chain(chain(add.s(1, 1), add.s(1)), chain(add.s(1), chain(add.s(1)))),
    "group": lambda: group(add.s(1, 1), add.s(2, 2)),
    "group_of_groups": lambda: group(add.s(1, 1), group(add.s(2, 2), add.s(3, 3))),
    "chord": lambda: chord([add.s(1, 1), add.s(2, 2)], total.s()),
    "chord_of_nothing": lambda: chord([], total.s()),
    "chord_with_chain": lambda: chord([add.s(1, 1), add.s(2, 2)], chain(total.s(), add.s(10))),
    "chord_with_group": lambda: chord([add.s(1, 1), add.s(2, 2)], group(total.s(), as_list.s())),
    "group_first": lambda: chain(group(add.s(1, 1), add.s(2, 2)), total.s(), add.s(1)),
    "group_within": lambda: chain(add.s(1, 1), group(add.s(10), add.s(20)), total.s(), add.s(1)),
    "group_last": lambda: chain(add.s(1, 1), group(add.s(10), add.s(20))),
    "two_groups": lambda: chain(group(add.s(1, 1), add.s(2, 2)), group(total.s(), total.s()), total.s()),
    "group_of_one": lambda: chain(add.s(1, 1), group(add.s(10)), add.s(100)),
    "chord_within": lambda: chain(add.s(1, 1), chord([add.s(10), add.s(20)], total.s()), add.s(5)),
    "chord_of_chains": lambda: chord(
        [chain(add.s(1, 1), add.s(1)), chain(add.s(2, 2), add.s(2))], as_list.s()
    ),
    "chord_of_chords": lambda: chord(
        [chord([add.s(1, 1), add.s(2, 2)], total.s()), add.s(10, 10)], as_list.s()
    ),
    "three_chords": lambda: chord(
        [chord([chord([add.s(1, 1), add.s(1, 1)], total.s()), add.s(3, 3)], total.s()), add.s(5, 5)],
        total.s(),
    ),
    "group_last_in_header": lambda: chord(
        [chain(add.s(1, 1), group(add.s(10), add.s(20))), add.s(3, 3)], as_list.s()
    ),
    "body_group_and_then": lambda: chain(
        chord([add.s(1, 1), add.s(2, 2)], group(total.s(), total.s())), total.s()
    ),
    "map": lambda: total.map([[1, 2], [3], []]),
    "starmap": lambda: add.starmap([(1, 2), (3, 4)]),
    "chunks": lambda: add.chunks([(1, 1), (2, 2), (3, 3)], 2),
    "mixture": lambda: chain(
        add.s(1, 1),
        group(add.s(1), chain(add.s(2), add.s(3))),
        total.s(),
        chord([add.s(1), add.s(2)], total.s()),
    ),
    # What does not succeed.
    "failing_chain": lambda: chain(add.s(1, 1), fail.si("no"), add.s(1)),
    "failing_chord": lambda: chord([add.s(1, 1), fail.s("it's")], total.s().on_error(as_list.s("errback"))),
    "failing_step_in_header": lambda: chord([chain(fail.s("no"), add.s(1)), add.s(1, 1)], total.s()),
    # What others take the place of.
    "becoming_task": lambda: chain(become.s("task"), add.s(1)),
    "becoming_chain": lambda: chain(become.s("chain"), add.s(1)),
    "becoming_group": lambda: chain(become.s("group"), total.s()),
}


def outcome(result):
    # Waiting in get() misses the end of a canvas now and then: see arrived() of the interop tests.
    end = time.monotonic() + 30
    while not result.ready() and time.monotonic() < end:
        time.sleep(0.01)
    try:
        return {"value": result.get(timeout=1)}
    except Exception as error:
        return {"error": type(error).__name__, "args": [str(arg) for arg in error.args]}


def outcomes(*names):
    applied = {name: CANVASES[name]().apply_async() for name in names}
    return {name: outcome(result) for name, result in applied.items()}


def saved():
    result = group(add.s(1, 1), add.s(2, 2)).apply_async()
    result.save()
    return [result.id, [member.id for member in result.results]]


def seen(task_id):
    result = app.AsyncResult(task_id)
    result.get(timeout=30)
    return {
        "children": [[child.id, [one.id for one in getattr(child, "results", [])]] for child in result.children],
        **{name: getattr(result, name) for name in ["name", "args", "kwargs", "worker", "retries", "queue"]},
    }


def restored(group_id):
    return outcome(app.GroupResult.restore(group_id))


def members():
    return [app.backend.encode([1, *member]) for member in json.load(sys.stdin)]


COMMANDS = {"outcomes": outcomes, "saved": saved, "seen": seen, "group": restored, "member": members}

if __name__ == "__main__":
    print(json.dumps(COMMANDS[sys.argv[1]](*sys.argv[2:])))
