import { appendFileSync } from 'node:fs';
import { type Random, seededRandom } from './random.ts';

/** What the rounds of a crash test have shown. */
export interface CrashFigures {
  readonly runs: number;
  /** Changes that the killed process had acknowledged. */
  readonly acknowledged: number;
  /** Those of them that were gone afterwards. */
  readonly lost: number;
  /** What was torn, left behind or did not converge, each with the rounds that all lanes had finished by then. */
  readonly violations: readonly string[];
}

/** Rounds of `kill -9` at moments that a seed chooses. */
export interface CrashTest {
  readonly runs: number;
  /** For the test runner: enough for every round on a slow machine. */
  readonly timeoutMs: number;
  acknowledge(count: number): void;
  lose(count: number): void;
  violate(what: string): void;
  /** Shares the rounds out among `count` lanes, which run side by side, each over a fixture of its own. */
  inLanes(count: number, lane: (lane: CrashLane) => Promise<void>): Promise<void>;
  /** Prints the figures, and adds them to the file that `AGNES_CRASH_REPORT` names. */
  finish(): CrashFigures;
}

export interface CrashLane {
  /** The same numbers for the same seed. */
  readonly random: Random;
  /** Whether there is another round. */
  next(): boolean;
}

/**
 * A crash test of `usual` rounds, or as many as `AGNES_CRASH_RUNS` says. The moments of its kills follow from a seed, which is
 * printed and which `AGNES_CRASH_SEED` sets.
 */
export function crashTest(name: string, usual = 50): CrashTest {
  const runs = numberFrom('AGNES_CRASH_RUNS', 1) ?? usual;
  const seed = numberFrom('AGNES_CRASH_SEED', 0) ?? Math.floor(Math.random() * 2 ** 31);
  const violations: string[] = [];
  const began = performance.now();
  let [acknowledged, lost, done] = [0, 0, 0];
  const text = (): string => `acknowledged ${acknowledged}, lost ${lost}, violations ${violations.length}`;
  const print = (line: string): void => void process.stdout.write(`crash ${name}: ${line}\n`);
  return {
    runs,
    timeoutMs: 120_000 + runs * 10_000,
    acknowledge(count) {
      acknowledged += count;
    },
    lose(count) {
      lost += count;
    },
    violate(what) {
      violations.push(`after ${done} rounds: ${what}`);
      print(`violation after ${done} rounds: ${what}`);
    },
    async inLanes(count, lane) {
      const lanes = Array.from({ length: Math.min(count, runs) }, (_, index) => index);
      await Promise.all(
        lanes.map(async (index) => {
          let left = Math.floor((runs - index - 1) / lanes.length) + 1;
          const total = left;
          await lane({
            random: seededRandom(seed + index),
            next() {
              if (left < total) done += 1;
              if (left < total && runs >= 100 && done % Math.ceil(runs / 20) === 0)
                print(`${done} of ${runs}, ${text()}`);
              left -= 1;
              return left >= 0;
            },
          });
        }),
      );
    },
    finish() {
      const seconds = Math.round((performance.now() - began) / 1000);
      const figures = { runs: done, acknowledged, lost, violations };
      print(`runs ${done}, ${text()} (seed ${seed}, ${seconds} s)`);
      const report = process.env.AGNES_CRASH_REPORT;
      if (report !== undefined && report !== '') {
        appendFileSync(
          report,
          `${JSON.stringify({ name, ...figures, violations: violations.length, seed, seconds })}\n`,
        );
      }
      return figures;
    },
  };
}

function numberFrom(variable: string, least: number): number | undefined {
  const text = process.env[variable];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < least) {
    throw new Error(`${variable} is '${text}', not a whole number from ${least}.`);
  }
  return value;
}
