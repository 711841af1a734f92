// Refused: the model imports nothing of opsdb, not even a type.
import type { Query } from "../opsdb/query.ts";

export type LooksUp = Query;
