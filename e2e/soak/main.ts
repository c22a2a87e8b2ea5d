// `pnpm soak`: a real server, published to every few seconds, pulled from by many; what it costs and whether an answer was wrong.
import { setup as buildApps } from '@agnes/testkit/build-apps';
import { parseOptions, USAGE, UsageError } from './options.ts';
import { progressLine, reportOf, reportText } from './report.ts';
import { runSoak } from './run-soak.ts';

const TELL_EVERY_SECONDS = 30;

/** Answers the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  if (options.build) await buildApps();
  let told = 0;
  const result = await runSoak(options, (tally, samples, seconds) => {
    if (seconds < told + TELL_EVERY_SECONDS) return;
    told += TELL_EVERY_SECONDS;
    process.stderr.write(`${progressLine(tally, samples.at(-1), seconds)}\n`);
  });
  const report = reportOf(result);
  process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : reportText(report));
  return report.failed ? 1 : 0;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 2;
  },
);
