// `pnpm fuzz:sql [--minutes N] [--seed S]`: the generated SQL of `npm test` for minutes, and its figures at the end.
import { parseArgs } from 'node:util';
import { openReport, runVitest } from './run-vitest.ts';

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
  await using report = await openReport();
  const tests = ['--project', '@agnes/query-engine', 'src/gate/fuzz.test.ts'];
  const code = await runVitest(tests, { ...options.env, AGNES_FUZZ_REPORT: report.path });
  const lines = await report.lines();
  process.stdout.write(`${lines.length === 0 ? 'Nothing was tried.' : lines.join('\n')}\n`);
  // A test that did not run would pass as well.
  return code === 0 && lines.length === 0 ? 1 : code;
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
