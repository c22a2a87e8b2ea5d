/** What the demo hands to programs with `--json`. */
export interface Summary {
  readonly tables: readonly {
    readonly name: string;
    readonly rows: number;
    readonly parts: number;
    readonly bytes: number;
  }[];
  readonly pull: { readonly files: number; readonly bytes: number; readonly seconds: number };
  readonly query: { readonly sql: string; readonly rows: readonly Readonly<Record<string, unknown>>[] };
}

/** A line for people, on stderr: stdout is the summary's. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Runs one step of the loop and tells its name, what came of it, and its seconds, in one line. */
export async function step<T>(name: string, work: () => Promise<{ value: T; told: string }>): Promise<T> {
  const start = performance.now();
  // A terminal sees the step while it runs; elsewhere each line is written once.
  if (process.stderr.isTTY) process.stderr.write(`  ${name} …\r`);
  const { value, told } = await work().catch((error: unknown) => {
    say(`  ${name.padEnd(10)} failed`);
    throw error;
  });
  const seconds = `${((performance.now() - start) / 1000).toFixed(1)} s`;
  say(`  ${name.padEnd(10)} ${told} (${seconds})`);
  return value;
}

export function printSummary(summary: Summary, asJson: boolean): void {
  if (asJson) {
    process.stdout.write(`${JSON.stringify(summary, null, 2)}\n`);
    return;
  }
  const { tables, pull, query } = summary;
  const header = ['table', 'rows', 'parts', 'size'];
  const lines = tables.map(({ name, rows, parts, bytes }) => [
    name,
    rows.toLocaleString('en'),
    String(parts),
    size(bytes),
  ]);
  say(`\nOn the analyst's laptop now:\n\n${columns([header, ...lines])}`);
  say(`\nFetched ${pull.files} files, ${size(pull.bytes)}, in ${pull.seconds.toFixed(1)} s.\n\n${query.sql}\n`);
  const names = Object.keys(query.rows[0] ?? {});
  process.stdout.write(`${columns([names, ...query.rows.map((row) => names.map((name) => String(row[name])))])}\n`);
}

export function size(bytes: number): string {
  const [value, unit] = bytes < 999_500 ? [bytes / 1_000, 'kB'] : [bytes / 1_000_000, 'MB'];
  return `${value.toFixed(value < 99.95 ? 1 : 0)} ${unit}`; // as the CLI writes it
}

function columns(lines: readonly (readonly string[])[]): string {
  const widths = (lines[0] ?? []).map((_, at) => Math.max(...lines.map((line) => (line[at] ?? '').length)));
  const isNumber = (text: string): boolean => /^[-\d.,]+( [kM]B)?$/.test(text);
  // A title stands over its column as the values do.
  const right = (lines[0] ?? []).map((_, at) => lines.slice(1).every((line) => isNumber(line[at] ?? '')));
  const cell = (text: string, at: number): string =>
    right[at] === true ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0);
  return lines.map((line) => `  ${line.map(cell).join('  ')}`.trimEnd()).join('\n');
}
