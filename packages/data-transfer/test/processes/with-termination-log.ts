/** The program, with another file in place of /dev/termination-log: `node with-termination-log.ts FILE ARGUMENT...` */
import { main, processHost } from "../../src/cli/main.ts";

const [terminationLog, ...args] = process.argv.slice(2);
process.exit(await main(args, { ...processHost(), terminationLog: terminationLog! }));
