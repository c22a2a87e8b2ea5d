import { parseArgs } from 'node:util';

export interface Options {
  readonly steps: number;
  readonly seed: number;
}

/** A command line that cannot be run; its message is for the person who typed it. */
export class UsageError extends Error {}

export const USAGE = `Usage: pnpm leaks [options]

Changes grants, members, groups, policies, accounts and tokens of a real server at random, and asks every reader after each
change. Ends with 1 when an answer said more, or less, than the person may see.

--steps N  how many changes (20000)
--seed N   the same changes again; without it a new seed, which is printed
`;

/** Throws {@link UsageError}. */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const values = parse(args);
  if (values.help === true) return 'help';
  return {
    steps: whole('--steps', values.steps ?? '20000', 1),
    seed: whole('--seed', values.seed ?? `${Math.floor(Math.random() * 2 ** 31)}`, 0),
  };
}

function whole(flag: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(`${flag} ${text} is not a whole number from ${least} on.\n\n${USAGE}`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { steps: { type: 'string' }, seed: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(`${error.message}\n\n${USAGE}`);
  }
}
