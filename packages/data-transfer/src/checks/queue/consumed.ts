import { type Check, ok, problem, warning } from "../check.ts";
import { withoutRedis } from "../redis/settings.ts";

export const queueConsumed: Check = {
  id: "queue-consumed",
  category: "queue",
  statement: "a worker consumes every queue",
  severity: "fatal",
  needs: ["redis-suitable", "queue-known"],
  mayRecover: true,
  unless: withoutRedis,
  async run(facts, signal) {
    const queues = await facts.queues();
    const states = await Promise.all(queues.map(({ queue }) => facts.queueState(queue, signal)));
    const idle = states.filter(({ consumers }) => consumers === 0).map(({ queue }) => queue);
    const unknown = states.filter(({ consumers }) => consumers === undefined).map(({ queue }) => queue);
    if (idle.length > 0) return problem(`nobody consumes ${idle.join(", ")}`);
    if (unknown.length > 0) {
      return warning(
        `no worker of ours consumes ${unknown.join(", ")}; whether one in Python does cannot be seen`,
        "celery inspect active_queues",
      );
    }
    return ok(states.map(({ consumers }) => `${consumers} ${consumers === 1 ? "worker" : "workers"}`).join(", "));
  },
  hint: "ccat_data_transfer worker --location <location>   # in a cluster: kubectl get pods, kubectl logs",
};
