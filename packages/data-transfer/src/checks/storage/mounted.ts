import { readFile, stat } from "node:fs/promises";
import { type Check, type Finding, ok, problem, warning } from "../check.ts";
import { atEachPlace } from "./places.ts";

export const storageMounted: Check = {
  id: "storage-mounted",
  category: "storage",
  statement: "every location lies on a file system that was mounted for it",
  severity: "fatal",
  needs: ["storage-answers"],
  mayRecover: true,
  unless: ({ environment }) => (environment === "demo" ? "the demo stages to a folder of the checkout" : undefined),
  async run(facts) {
    const own = { device: (await stat("/")).dev, mounts: readMounts(await readFile("/proc/self/mountinfo", "utf8")) };
    return await atEachPlace(facts, async ({ path, folder }) => {
      const { at } = await folder.look();
      return judgeMount({ path, device: at!.device }, own);
    });
  },
  hint: "findmnt -T <path>   # in a cluster: kubectl describe pod, is the volume mounted at /data?",
};

/** A line of /proc/self/mountinfo, as far as it matters here. */
export interface Mount {
  /** `major:minor` */
  device: string;
  point: string;
  type: string;
  source: string;
}

/** See proc_pid_mountinfo(5): the fields behind `-` are type and source. */
export function readMounts(text: string): Mount[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [before, after] = line.split(" - ") as [string, string];
      const [, , device, , point] = before.split(" ") as string[];
      const [type, source] = after.split(" ") as string[];
      return { device: device!, point: unescaped(point!), type: type!, source: unescaped(source!) };
    });
}

/** The numbers of devices are those of stat(2). */
export function judgeMount(
  { path, device }: { path: string; device: number },
  own: { device: number; mounts: readonly Mount[] },
): Finding {
  if (device !== own.device) {
    const mounts = own.mounts.filter((one) => one.device === numbersOf(device));
    // A pod has several folders of one file system, each mounted by itself.
    const mount = mounts.filter(({ point }) => `${path}/`.startsWith(`${point}/`)).at(-1) ?? mounts.at(-1);
    return ok(mount && `${mount.type} of ${mount.source} at ${mount.point}`);
  }
  const root = own.mounts.findLast(({ point }) => point === "/");
  if (root?.type === "overlay") {
    return problem(
      `${path} lies on the container's own file system: what is staged there goes when the container does`,
    );
  }
  return warning(`${path} lies on the root file system of this machine; is something not mounted?`);
}

/** As glibc's major() and minor() take them apart. */
function numbersOf(device: number): string {
  const number = BigInt(device);
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & ~0xfffn);
  const minor = (number & 0xffn) | ((number >> 12n) & ~0xffn);
  return `${major}:${minor}`;
}

function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
