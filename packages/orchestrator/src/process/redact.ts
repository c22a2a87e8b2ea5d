const SHORTEST = 6;

/** Replaces secrets, and their URL and base64 forms, by `***`. Values too short to be told from other text are left. */
export function redactor(secrets: Iterable<string>): (text: string) => string {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < SHORTEST) continue;
    for (const form of [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      Buffer.from(secret).toString('base64').replace(/=+$/, ''),
    ]) {
      forms.add(form);
    }
    // A value of several lines (a key, a JSON file) may be shown line by line.
    for (const line of secret.split(/\r?\n/)) if (line.length >= 12) forms.add(line);
  }
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((result, form) => result.replaceAll(form, '***'), text);
}
