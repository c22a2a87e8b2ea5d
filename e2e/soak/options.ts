import { parseArgs } from 'node:util';

export interface Options {
  readonly seconds: number;
  readonly clients: number;
  readonly publishEverySeconds: number;
  readonly json: boolean;
  readonly build: boolean;
}

/** A command line that cannot be run; its message is for the person who typed it. */
export class UsageError extends Error {}

export const USAGE = `Usage: pnpm soak [options]

Runs a server, publishes changes to it, and lets clients pull all the while. Ends with 1 when an answer was wrong or failed.

--minutes N        how long (10)
--clients N        how many pull at once, besides one laptop with the real agnes (30)
--publish-every N  seconds from the start of a publish to that of the next, when it ends before (3s)
--json             the report as JSON on stdout
--no-build         runs the agnes that is built already
`;

/** Throws {@link UsageError}. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const values = parse(args);
  if (values.help === true) return 'help';
  return {
    seconds: positive('--minutes', values.minutes ?? '10') * 60,
    clients: Math.ceil(positive('--clients', values.clients ?? '30')),
    publishEverySeconds: positive('--publish-every', (values['publish-every'] ?? '3').replace(/s$/, '')),
    json: values.json ?? false,
    build: values['no-build'] !== true,
  };
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new UsageError(`${flag} ${text} is not a number above zero.\n\n${USAGE}`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        minutes: { type: 'string' },
        clients: { type: 'string' },
        'publish-every': { type: 'string' },
        json: { type: 'boolean' },
        'no-build': { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(`${error.message}\n\n${USAGE}`);
  }
}
