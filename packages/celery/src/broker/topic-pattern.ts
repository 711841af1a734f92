/**
 * The regular expression that kombu makes of a topic's binding key: it stands in the binding, and Python's producers route
 * by it. The words `#` and `*` stand for anything, and for anything that does not end with a dot. (A star within a word is
 * a star here; kombu lets it through to the expression.)
 * Source: kombu 5.6 transport/virtual/exchange.py, `TopicExchange.key_to_pattern`.
 */
export function topicPattern(bindingKey: string): string {
  const words = bindingKey.split(".").map((word) => wildcards[word] ?? literal(word));
  return `^${words.join("\\.")}$`;
}

const wildcards: Readonly<Record<string, string>> = { "*": ".*?[^\\.]", "#": ".*?" };

function literal(word: string): string {
  return word.replace(/[^\p{L}\p{N}]/gu, (char) => (char === "\0" ? "\\000" : `\\${char}`));
}
