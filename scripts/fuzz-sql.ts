// `pnpm fuzz:sql [--minutes N] [--seed S]`: the generated SQL of `npm test` for minutes, and its figures at the end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const USAGE = `Usage: pnpm fuzz:sql [--minutes N] [--seed S]

  --minutes N  how long (default 5)
  --seed S     the statements of an earlier run, which printed its seed
`;

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
  const folder = await mkdtemp(join(tmpdir(), 'agnes-fuzz-report-'));
  const report = join(folder, 'report.ndjson');
  try {
    const code = await runSuite({ ...options.env, AGNES_FUZZ_REPORT: report });
    const lines = await readFile(report, 'utf8').catch(() => '');
    process.stdout.write(lines === '' ? 'Nothing was tried.\n' : lines);
    // A test that did not run would pass as well.
    return code === 0 && lines === '' ? 1 : code;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
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
  const { minutes = '5', seed, help } = parsed.values;
  if (!/^\d+(\.\d+)?$/.test(minutes) || Number(minutes) === 0)
    return `--minutes is '${minutes}', no number above 0.\n\n${USAGE}`;
  if (seed !== undefined && !/^\d+$/.test(seed)) return `--seed is '${seed}', no whole number.\n\n${USAGE}`;
  const env = {
    AGNES_FUZZ_SECONDS: String(Number(minutes) * 60),
    ...(seed !== undefined && { AGNES_FUZZ_SEED: seed }),
  };
  return { help: help === true, env };
}

function parse(args: string[]) {
  return parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: { minutes: { type: 'string' }, seed: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
}

/** The exit code of vitest, which shows what the tests print. */
async function runSuite(env: Readonly<Record<string, string>>): Promise<number> {
  const root = join(import.meta.dirname, '..');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const child = spawn(process.execPath, [vitest, 'run', '--project', '@agnes/query-engine', 'src/gate/fuzz.test.ts'], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}
