import type { StatusPoint } from "./status-point.ts";

export const events: StatusPoint = {
  title: "Events",
  promises: [
    {
      promise: "celery events shows our worker and its tasks as it shows Python's.",
      tests: [
        ["test/interop/events.test.ts", "celery events shows our worker and its tasks as it shows Python's"],
        [
          "test/interop/events.test.ts",
          "a worker whose connections were cut says that it is there again, and goes on telling",
        ],
      ],
    },
    {
      promise: "A worker says that it is online, beats, and says that it goes.",
      tests: [
        [
          "test/events/heart.test.ts",
          "a worker says that it is there, beats as often as it says, and says that it goes",
        ],
      ],
    },
    {
      promise: "All task events are sent, batched as Python batches them, with Python's reprs.",
      tests: [
        ["test/events/task-events.test.ts", "each event of a task becomes Celery's, with Python's reprs"],
        [
          "test/events/event-dispatcher.test.ts",
          "events of tasks go out as one list for each turn of the event loop, and every 24",
        ],
        ["test/message/python-repr.test.ts", "values look as Celery's saferepr writes them, whole and cut anywhere"],
        ["test/message/python-repr.test.ts", "anything looks as Celery's saferepr writes it"],
      ],
    },
    {
      promise: "The logical clock orders events across workers, and a forged one cannot stop it.",
      tests: [
        ["test/events/lamport-clock.test.ts", "the clock moves by one for what is sent, and beyond whatever was seen"],
        [
          "test/control/gossip.test.ts",
          "the logical clock moves beyond what others have, and a forged one cannot stop it",
        ],
      ],
    },
    {
      promise: "Task events are switched on and off from afar.",
      tests: [["test/interop/events.test.ts", "task events begin when a receiver asks for them, and end with it"]],
    },
    {
      promise: "Elections among workers are answered, and one wins.",
      tests: [
        [
          "test/control/gossip.test.ts",
          "the candidate with the lowest clock wins and calls the task; the others do not",
        ],
        [
          "test/control/python-neighbours.test.ts",
          "workers of ours and Python's tell each other at their start what is revoked, and in elections one wins",
        ],
      ],
    },
    {
      promise: "A broker that takes no events costs events, never tasks.",
      tests: [
        [
          "test/events/event-dispatcher.test.ts",
          "while the broker takes nothing events are dropped and counted, logged once, and sent again when it is back",
        ],
        ["test/events/event-dispatcher.test.ts", "a broker that never answers costs a bounded number of messages"],
        ["test/events/task-events.test.ts", "a value that objects to being looked at costs an event, not the task"],
      ],
    },
  ],
};
