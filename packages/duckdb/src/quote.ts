/** `name` as a quoted SQL identifier. Throws on a NUL character, which no SQL text can hold. */
export function quoteIdentifier(name: string): string {
  return `"${withoutNul(name).replaceAll('"', '""')}"`;
}

/** `text` as a quoted SQL string. Throws on a NUL character. Bind values where a statement takes parameters. */
export function quoteLiteral(text: string): string {
  return `'${withoutNul(text).replaceAll("'", "''")}'`;
}

/** `texts` as an SQL list of strings, for statements that take no parameters (SET, COPY, CREATE VIEW). */
export function quoteLiteralList(texts: readonly string[]): string {
  return `[${texts.map(quoteLiteral).join(', ')}]`;
}

function withoutNul(text: string): string {
  if (text.includes('\0')) throw new Error('SQL text cannot hold a NUL character.');
  return text;
}
