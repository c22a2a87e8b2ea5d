import { temporaryFolder } from '@agnes/testkit';
import type { Bar, Outcome, Skipped, Target } from './bar.ts';

/** One line of the table: a bar at one size. */
export interface Result {
  readonly bar: string;
  readonly size: number;
  readonly size_unit: string;
  readonly rounds: number;
  readonly ours: number | null;
  readonly other: number | null;
  readonly unit: Outcome['unit'] | null;
  readonly ratio: number | null;
  readonly target: Target | null;
  /** Null for a bar that was skipped, or has no target. */
  readonly met: boolean | null;
  readonly note: string | null;
  readonly skipped: string | null;
}

export interface RunOptions {
  readonly quick: boolean;
  /** Instead of the sizes of the bars. */
  readonly size?: number | undefined;
  readonly rounds?: number | undefined;
}

/** Runs one bar after the other, each at its sizes, and yields every result as it comes. */
export async function* runBars(bars: readonly Bar[], options: RunOptions): AsyncGenerator<Result> {
  for (const bar of bars) {
    const sizes = options.quick ? bar.quickSizes : bar.sizes;
    for (const size of options.size === undefined ? sizes : [options.size]) {
      await using folder = await temporaryFolder('agnes-bench-');
      const rounds = options.rounds ?? (options.quick ? Math.min(bar.rounds, 3) : bar.rounds);
      yield resultOf(bar, size, rounds, await bar.run(size, { rounds, folder: folder.path }));
    }
  }
}

function resultOf(bar: Bar, size: number, rounds: number, outcome: Outcome | Skipped): Result {
  const target = bar.target ?? null;
  const line = { bar: bar.name, size, size_unit: bar.sizeUnit, rounds, target };
  if ('skipped' in outcome) {
    const nothing = { ours: null, other: null, unit: null, ratio: null, met: null, note: null };
    return { ...line, ...nothing, skipped: outcome.skipped };
  }
  const { ours, other, unit, note = null } = outcome;
  const ratio = ours / other;
  const met = target === null ? null : holds(target, target.compare === 'ratio' ? ratio : ours - other);
  return { ...line, ours, other, unit, ratio, met, note, skipped: null };
}

export function holds(target: Target, value: number): boolean {
  return target.is === 'at most' ? value <= target.value : value >= target.value;
}
