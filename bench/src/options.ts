import { parseArgs } from 'node:util';
import type { Bar } from './bar.ts';

export interface Options {
  readonly bars: readonly Bar[];
  readonly quick: boolean;
  readonly size: number | undefined;
  readonly rounds: number | undefined;
  readonly json: boolean;
  readonly write: boolean;
  readonly build: boolean;
}

/** A command line that cannot be run; its message is for the person who typed it. */
export class UsageError extends Error {}

export const USAGE = `Usage: pnpm bench [NAME...] [options]

NAME        a bar, or what the names of several begin with (cli); without one, every bar
--quick     small data and few rounds: shows that the bars run, says little about speed
--size N    one size instead of two, in the bar's own unit
--rounds N  how often each side is measured
--json      the results as JSON on stdout
--write     writes BENCHMARKS.md (every bar at its full sizes)
--no-build  measures what is built already
--list      names the bars
`;

/** Throws {@link UsageError}. */
export function parseOptions(args: readonly string[], bars: readonly Bar[]): Options | 'help' | 'list' {
  const { values, positionals } = parse(args);
  if (values.help) return 'help';
  if (values.list) return 'list';
  const chosen = new Set(positionals.length === 0 ? bars : positionals.flatMap((typed) => barsNamed(typed, bars)));
  const options = {
    bars: bars.filter((bar) => chosen.has(bar)),
    quick: values.quick ?? false,
    size: positive('--size', values.size),
    rounds: positive('--rounds', values.rounds),
    json: values.json ?? false,
    write: values.write ?? false,
    build: !(values['no-build'] ?? false),
  };
  if (options.write && (options.quick || options.size !== undefined || chosen.size < bars.length)) {
    throw new UsageError('--write is for a run of every bar at its full sizes: leave out NAME, --quick and --size.');
  }
  return options;
}

/** The bar of that name, else those whose names begin with it. */
function barsNamed(typed: string, bars: readonly Bar[]): Bar[] {
  const found = bars.filter(({ name }) => name === typed);
  if (found.length === 0) found.push(...bars.filter(({ name }) => name.startsWith(`${typed}-`)));
  if (found.length > 0) return found;
  throw new UsageError(`There is no bar ${typed}. There are: ${bars.map(({ name }) => name).join(', ')}.`);
}

function parse(args: readonly string[]) {
  const flag = { type: 'boolean' } as const;
  const value = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        quick: flag,
        size: value,
        rounds: value,
        json: flag,
        write: flag,
        'no-build': flag,
        list: flag,
        help: { ...flag, short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function positive(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new UsageError(`${flag} takes a whole number from 1 on, not ${text}.`);
}
