// `pnpm bench`: measures the built product against the bare tools it is made of. What bars are: bar.ts. Which there are: bars.ts.
import { join } from 'node:path';
import { repositoryRoot } from '@agnes/testkit';
import { setup as buildApps } from '@agnes/testkit/build-apps';
import { bars } from './bars.ts';
import { describeHost } from './host.ts';
import { parseOptions, USAGE, UsageError } from './options.ts';
import { type Result, runBars } from './run-bars.ts';
import { cellsOf, tableText } from './text.ts';
import { writeReport } from './write-report.ts';

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, bars);
  if (options === 'help') return void process.stdout.write(USAGE);
  if (options === 'list') {
    for (const { name, ours, other } of bars) process.stdout.write(`${name.padEnd(18)}${ours}; against: ${other}\n`);
    return;
  }
  if (options.build) await buildApps();
  const host = await describeHost();
  const date = new Date().toISOString().slice(0, 10);
  const results: Result[] = [];
  for await (const result of runBars(options.bars, options)) {
    process.stderr.write(`${cellsOf(result).join('  ')}\n`);
    results.push(result);
  }
  const run = { date, command: ['pnpm bench', ...args].join(' '), host, results };
  process.stdout.write(options.json ? `${JSON.stringify(run, null, 2)}\n` : `\n${tableText(results)}`);
  if (options.write) await writeReport(join(repositoryRoot, 'BENCHMARKS.md'), bars, run);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
});
