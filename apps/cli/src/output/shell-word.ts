/** A name as one word of a command that is suggested: in quotes when a shell would take it apart. */
export function shellWord(name: string): string {
  if (/^[\w@.:+/=-]+$/.test(name)) return name;
  // Double quotes do in every shell, unless there is something in them that means something there.
  return /["$`\\!]/.test(name) ? `'${name.replaceAll("'", "'\\''")}'` : `"${name}"`;
}
