import { canvas } from "./canvas.ts";
import { client } from "./client.ts";
import { consuming } from "./consuming.ts";
import { control } from "./control.ts";
import { events } from "./events.ts";
import { lifecycle } from "./lifecycle.ts";
import { messages } from "./messages.ts";
import { neverLost } from "./never-lost.ts";
import { proof } from "./proof.ts";
import { results } from "./results.ts";
import { running } from "./running.ts";
import type { StatusPoint } from "./status-point.ts";
import { tls } from "./tls.ts";
import { usersView } from "./users-view.ts";

/** Every point, in the order of docs/status.md. */
export const statusPoints: readonly StatusPoint[] = [
  ...[messages, consuming, running, canvas, results, control],
  ...[events, lifecycle, tls, neverLost, client, usersView],
  proof,
];
