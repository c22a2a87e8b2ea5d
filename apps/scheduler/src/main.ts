#!/usr/bin/env node
import { parseArgs } from 'node:util';
import { loadConfig } from '@agnes/config';
import { AgnesError, isAgnesError } from '@agnes/errors';
import { runScheduler } from './run-scheduler.ts';
import { VERSION } from './version.ts';

const HELP = `agnes-scheduler ${VERSION}: the clock of an Agnes installation.

It asks the server at API_URL, with SCHEDULER_API_TOKEN, to do what is due, until it is stopped.
All settings come from the environment; README.md lists them.

  --help     show this
  --version  show the version
`;

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!isAgnesError(error)) throw error;
  process.stderr.write(`agnes-scheduler: ${error.message}\n${error.hint === undefined ? '' : `  ${error.hint}\n`}`);
  process.exitCode = error.exitCode;
}

async function main(args: string[]): Promise<number> {
  const flags = readFlags(args);
  if (flags.version) process.stdout.write(`${VERSION}\n`);
  else if (flags.help) process.stdout.write(HELP);
  else await runScheduler(await loadConfig(process.env));
  return 0;
}

function readFlags(args: string[]) {
  try {
    return parseArgs({
      args,
      options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'V' } },
    }).values;
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    throw new AgnesError('usage', cause.message, { hint: 'agnes-scheduler --help', cause });
  }
}
