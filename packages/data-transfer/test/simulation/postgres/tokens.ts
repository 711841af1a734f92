/** A word of SQL. `word` is folded to lower case; `name` stood in double quotes. */
export interface Token {
  kind: "word" | "name" | "text" | "number" | "parameter" | "sign" | "end";
  value: string;
}

const pattern =
  /\s+|--[^\n]*|\$(?<parameter>\d+)|\$\$(?<dollar>[\s\S]*?)\$\$|'(?<text>(?:[^']|'')*)'|"(?<name>(?:[^"]|"")*)"|(?<number>\d+(?:\.\d+)?(?:e[+-]?\d+)?)|(?<word>[a-z_][a-z0-9_]*)|(?<sign>::|<>|<=|>=|!=|=>|\|\||[-+*/%=<>~()[\],.;])/giy;

/** Cuts SQL into words. @throws SyntaxError where it meets what it does not know */
export function tokens(sql: string): Token[] {
  const found: Token[] = [];
  pattern.lastIndex = 0;
  while (pattern.lastIndex < sql.length) {
    const at = pattern.lastIndex;
    const groups = pattern.exec(sql)?.groups;
    if (!groups) throw new SyntaxError(`the simulated PostgreSQL cannot read: ${sql.slice(at, at + 40)}`);
    if (groups.parameter !== undefined) found.push({ kind: "parameter", value: groups.parameter });
    else if (groups.dollar !== undefined) found.push({ kind: "text", value: groups.dollar });
    else if (groups.text !== undefined) found.push({ kind: "text", value: groups.text.replaceAll("''", "'") });
    else if (groups.name !== undefined) found.push({ kind: "name", value: groups.name.replaceAll('""', '"') });
    else if (groups.number !== undefined) found.push({ kind: "number", value: groups.number });
    else if (groups.word !== undefined) found.push({ kind: "word", value: groups.word.toLowerCase() });
    else if (groups.sign !== undefined) found.push({ kind: "sign", value: groups.sign });
  }
  found.push({ kind: "end", value: "" });
  return found;
}
