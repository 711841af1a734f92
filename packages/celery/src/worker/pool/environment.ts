/** What a child needs to find programs, its home and its language. Nothing in it is a secret. */
const always = ["PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "NODE_OPTIONS"];

/**
 * The environment of a child: what is on the list, and nothing else. A broker's password in the worker's own
 * environment stays there.
 *
 * @param names  of further variables that tasks need
 */
export function childEnvironment(names: readonly string[], environment = process.env): NodeJS.ProcessEnv {
  const allowed = [...always, ...names].filter((name) => environment[name] !== undefined);
  return Object.fromEntries(allowed.map((name) => [name, environment[name]]));
}

/** Options of Node that are meant for one process, or that make it another program. */
const notForChildren = /^(--(inspect|test|watch|eval|print|input-type|check|interactive|build-sea)|-[epcih]+$)/;

/**
 * V8's space for young objects grows to more than 100 MiB a child on a large machine, whatever its tasks need (measured: 190 MiB
 * of resident memory after 40,000 empty tasks, 87 MiB so). What makes very many objects runs some 20 % slower with it.
 */
const youngSpace = "--max-semi-space-size=8";

/** The options with which this Node was started (loaders, memory limits), as children get them, and a bound on memory. */
export function childNodeOptions(options: readonly string[], environment = process.env): string[] {
  let isKept = true;
  const kept = options.filter((option) => {
    // What does not look like an option is the value of the one before it.
    if (option.startsWith("-")) isKept = !notForChildren.test(option);
    return isKept;
  });
  const isChosen = [...kept, environment.NODE_OPTIONS ?? ""].some((option) => /semi[-_]space[-_]size/.test(option));
  return isChosen ? kept : [youngSpace, ...kept];
}
