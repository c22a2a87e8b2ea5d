// `npm run demo`: the product's whole loop on real data. It starts the built server and drives the built CLI, as an
// administrator and as an analyst would; below this script there is nothing of its own. Runs on the oldest Node that we support.
import { constants } from 'node:os';
import { prepareFolder } from './demo/data-folder.ts';
import { runLoop } from './demo/loop.ts';
import { parseOptions, USAGE, UsageError } from './demo/options.ts';
import { CommandFailed } from './demo/person.ts';
import { printSummary, say } from './demo/report.ts';
import { startServer } from './demo/server.ts';

/** Answers the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (options === 'help') {
    process.stdout.write(USAGE);
    return 0;
  }
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interrupted.abort(signal));
  }
  try {
    const folder = await prepareFolder(options.dataDir);
    const server = await startServer(folder, options.port, interrupted.signal);
    try {
      printSummary(await runLoop({ folder, server, signal: interrupted.signal }), options.json);
      if (!options.serve) {
        say('\nTo try things on it yourself: npm run demo -- --serve');
        return 0;
      }
      say(`\nThe server runs at ${server.url} until Ctrl-C. Accounts and tokens: ${folder.file}`);
      const signIn = `auth login --server ${server.url} --email ${folder.analyst.email}`;
      say(`In another terminal, here: node apps/cli/bin/agnes.js ${signIn}`);
      await server.runsUntil(interrupted.signal);
      return 0;
    } finally {
      await server.stop();
    }
  } catch (error) {
    if (!interrupted.signal.aborted) throw error;
    say('\nInterrupted; the server was stopped.');
    return 128 + constants.signals[interrupted.signal.reason as NodeJS.Signals];
  }
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    if (!(error instanceof UsageError) && !(error instanceof CommandFailed)) throw error;
    say(error.message);
    process.exitCode = error instanceof UsageError ? 2 : 1;
  },
);
