import { spawn } from "node:child_process";
import type { Logger } from "pino";

/**
 * Ends children that outlive us. They notice by themselves that we are gone, but not while they compute without a pause;
 * this little program does, since its standard input then ends: it is told the groups of all children, one a line, `+4711`
 * when one begins and `-4711` when it is over, and kills those that are left.
 */
const program = `
trap '' INT TERM HUP QUIT
groups=' '
while read -r line; do
  group=\${line#?}
  case $line in
    +*) groups="$groups$group " ;;
    -*) groups="\${groups%% $group *} \${groups#* $group }" ;;
  esac
done
for group in $groups; do kill -KILL "-$group" 2>/dev/null; done
`;

export interface OrphanGuard {
  watch(pid: number): void;
  forget(pid: number): void;
  stop(): void;
}

/** @param log  is told where there is no shell: busy children then end only when they pause */
export function startOrphanGuard(log: Logger): OrphanGuard {
  const guard = spawn("/bin/sh", ["-c", program], {
    detached: true,
    env: {},
    stdio: ["pipe", "ignore", "ignore"],
  });
  guard.on("error", (error) => log.warn({ err: error }, "no shell: children that compute may outlive a killed worker"));
  guard.stdin.on("error", () => {});
  return {
    watch: (pid) => guard.stdin.write(`+${pid}\n`),
    forget: (pid) => guard.stdin.write(`-${pid}\n`),
    stop: () => guard.stdin.end(),
  };
}
