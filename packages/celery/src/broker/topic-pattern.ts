/**
 * The regular expression that kombu makes of a topic's binding key, letter for letter: it stands in the binding, and
 * Python's producers route by it. `#` stands for anything, `*` for anything that does not end with a dot.
 * Source: kombu 5.6 transport/virtual/exchange.py, `TopicExchange.key_to_pattern`.
 */
export function topicPattern(bindingKey: string): string {
  const escaped = bindingKey.replace(/[^\p{L}\p{N}.#*]/gu, (char) => (char === "\0" ? "\\000" : `\\${char}`));
  const words = escaped.split(".").map((word) => wildcards[word] ?? word);
  return `^${words.join("\\.")}$`;
}

const wildcards: Readonly<Record<string, string>> = { "*": ".*?[^\\.]", "#": ".*?" };
