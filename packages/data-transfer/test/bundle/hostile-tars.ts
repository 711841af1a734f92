import { hostileEntries } from "./hostile-tars/entries.ts";
import type { HostileTar } from "./hostile-tars/hostile-tar.ts";
import { hostileNames } from "./hostile-tars/names.ts";
import { hostileNumbers } from "./hostile-tars/numbers.ts";
import { hostileStructures } from "./hostile-tars/structure.ts";

/** One of each kind of harm that is known of; names that escape lead to `OUTSIDE`, which must not come to be. */
export const hostileTars: readonly HostileTar[] = [
  ...hostileEntries,
  ...hostileNames,
  ...hostileNumbers,
  ...hostileStructures,
];
