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
const notForChildren =
  /^(--inspect|--test|--watch|--eval$|-e$|--print$|-p$|-pe$|--input-type|--check$|-c$|--interactive$|-i$)/;

/** The options with which this Node was started (loaders, memory limits), as children get them. */
export function childNodeOptions(options: readonly string[] = process.execArgv): string[] {
  const kept: string[] = [];
  for (let index = 0; index < options.length; index++) {
    const option = options[index]!;
    if (!notForChildren.test(option)) kept.push(option);
    // The program text that follows -e is no option of its own.
    else if (/^(-e|--eval|-p|--print|-pe)$/.test(option)) index++;
  }
  return kept;
}
