// `pnpm crash [NAME...] [--runs N] [--seed S]`: the crash tests of `npm test` with many more rounds, and one table at the end.
import { parseArgs } from 'node:util';
import { openReport, runVitest } from './run-vitest.ts';

/** What can be killed: the vitest project and file that do it, and a pattern for the names of its tests. */
const SUITES: Readonly<Record<string, readonly [project: string, file: string, tests: string]>> = {
  state: ['@agnes/state', 'src/crash.test.ts', 'moments of writing|Postgres process'],
  migration: ['@agnes/state', 'src/crash.test.ts', 'moments of a migration'],
  publish: ['@agnes/orchestrator', 'src/publish/crash.test.ts', ''],
  sync: ['@agnes/e2e', 'sync-crash.test.ts', ''],
  pull: ['@agnes/cli', 'test/crash.test.ts', ''],
};
const USAGE = `Usage: pnpm crash [NAME...] [--runs N] [--seed S]

NAME is ${Object.keys(SUITES).join(', ')}; without one, all of them.

  --runs N  how often each is killed (default 1000)
  --seed S  the moments of an earlier run, which printed its seed
`;

interface Row {
  readonly name: string;
  readonly runs: number;
  readonly acknowledged: number;
  readonly lost: number;
  readonly violations: number;
  readonly seed: number;
  readonly seconds: number;
}

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  const options = read(args);
  if (typeof options === 'string') {
    process.stderr.write(options);
    return 2;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  await using report = await openReport();
  const failed: string[] = [];
  let rows: readonly Row[] = [];
  for (const name of options.names) {
    const code = await runVitest(testsOf(name), { ...options.env, AGNES_CRASH_REPORT: report.path });
    const now = (await report.lines()).map((line) => JSON.parse(line) as Row);
    // A pattern that matches no test would pass as well, having killed nothing.
    if (code !== 0 || now.length === rows.length) failed.push(name);
    rows = now;
  }
  process.stdout.write(`\n${tableOf(rows)}\n`);
  if (failed.length > 0) process.stdout.write(`Failed: ${failed.join(', ')}\n`);
  return failed.length === 0 && rows.every(({ lost, violations }) => lost + violations === 0) ? 0 : 1;
}

function testsOf(name: string): string[] {
  const [project, file, tests] = SUITES[name] ?? ['', '', ''];
  return ['--project', project, file, ...(tests === '' ? [] : ['--testNamePattern', tests])];
}

/** What to do, or why the arguments cannot be read. */
function read(args: string[]) {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return `${error.message}\n\n${USAGE}`;
  }
  const { values, positionals } = parsed;
  const unknown = positionals.filter((name) => !Object.hasOwn(SUITES, name));
  if (unknown.length > 0) return `There is no crash test named ${unknown.join(', ')}.\n\n${USAGE}`;
  const { runs = '1000', seed } = values;
  for (const [flag, text, least] of [
    ['--runs', runs, 1],
    ['--seed', seed ?? '0', 0],
  ] as const) {
    if (!/^\d+$/.test(text) || Number(text) < least)
      return `${flag} is '${text}', not a whole number from ${least}.\n\n${USAGE}`;
  }
  return {
    help: values.help === true,
    names: positionals.length > 0 ? positionals : Object.keys(SUITES),
    env: { AGNES_CRASH_RUNS: runs, ...(seed === undefined ? {} : { AGNES_CRASH_SEED: seed }) },
  };
}

function parse(args: string[]) {
  return parseArgs({
    args: args.filter((arg) => arg !== '--'),
    allowPositionals: true,
    options: { runs: { type: 'string' }, seed: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
}

function tableOf(rows: readonly Row[]): string {
  const header = ['kill -9 of', 'runs', 'acknowledged', 'lost', 'violations', 'seed', 'seconds'];
  const cells = rows.map((row) =>
    [row.name, row.runs, row.acknowledged, row.lost, row.violations, row.seed, row.seconds].map(String),
  );
  const widths = header.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((text, column) => (column === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[column] ?? 0)))
      .join('  ');
  return [line(header), ...cells.map(line)].join('\n');
}
