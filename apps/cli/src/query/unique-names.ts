/** A repeated name gets `:1`, `:2` … as in the rows. */
export function uniqueNames(names: readonly string[]): string[] {
  const seen = new Map<string, number>();
  return names.map((name) => {
    const before = seen.get(name);
    seen.set(name, (before ?? 0) + 1);
    return before === undefined ? name : `${name}:${before}`;
  });
}
