import { join } from 'node:path';
import { minimalEnvironment, repositoryRoot, startProcess } from '@agnes/testkit';
import { describe, expect, it } from 'vitest';
import type { Bar } from './bar.ts';
import { bars } from './bars.ts';
import { compare, median } from './compare.ts';
import { parseOptions, UsageError } from './options.ts';
import { type Result, runBars } from './run-bars.ts';
import { tableText } from './text.ts';
import { type Run, reportText } from './write-report.ts';

const HOST = { system: 's', cpu: 'c', cores: 2, memory_gib: 8, node: 'v24', duckdb: 'v1', load_before: 0.5 };

function barOf(changes: Partial<Bar> = {}): Bar {
  return {
    name: 'walk',
    scenario: 'A walk.',
    ours: 'by foot',
    other: 'by bus',
    target: { compare: 'ratio', is: 'at most', value: 1.2 },
    sizeUnit: 'km',
    sizes: [1, 10],
    quickSizes: [1, 2],
    rounds: 5,
    run: async (size) => ({ ours: size * 12, other: 10, unit: 'ms' }),
    ...changes,
  };
}

async function resultsOf(all: readonly Bar[]): Promise<Result[]> {
  const results: Result[] = [];
  for await (const result of runBars(all, { quick: false })) results.push(result);
  return results;
}

describe('a run', () => {
  it('measures each bar at its two sizes and says which it holds', async () => {
    const results = await resultsOf([barOf()]);
    expect(results.map(({ size, ratio, met, rounds }) => ({ size, ratio, met, rounds }))).toEqual([
      { size: 1, ratio: 1.2, met: true, rounds: 5 },
      { size: 10, ratio: 12, met: false, rounds: 5 },
    ]);
  });

  it('prints a missed bar as missed, a skipped one with its reason, and growth as growth', async () => {
    const missing = barOf({ name: 'fly', run: async () => ({ skipped: 'wings are not installed' }) });
    const target = { compare: 'difference', is: 'at most', value: 150 } as const;
    const growth = barOf({ name: 'eat', target, run: async () => ({ ours: 260, other: 100, unit: 'MiB' }) });
    const text = tableText(await resultsOf([barOf(), missing, growth]));
    expect(text).toMatch(/^walk\s+10 km\s+120 ms\s+10\.0 ms\s+12\.00×\s+≤ 1\.2×\s+MISSED$/m);
    expect(text).toMatch(/^fly\s+1 km\s.*skipped$/m);
    expect(text).toMatch(/^eat\s.*\+ 160 MiB\s+≤ \+ 150 MiB\s+MISSED$/m);
    expect(text.match(/fly: skipped: wings are not installed/g)).toHaveLength(1);
  });

  it('is reported with its scenario, host, load, command and date', async () => {
    const run: Run = {
      date: '2026-01-31',
      command: 'pnpm bench --write',
      host: HOST,
      results: await resultsOf([barOf()]),
    };
    const text = reportText([barOf()], run);
    for (const part of [
      'A walk.',
      'by bus',
      'pnpm bench --write',
      '2026-01-31',
      '2 × c',
      '0.5',
      '| walk | 10 km |',
      '1 of these 2',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('takes turns, leaves out the warm-up and answers medians', async () => {
    const order: string[] = [];
    const side = (name: string, values: number[]) => async () => {
      order.push(name);
      return values.shift() ?? 0;
    };
    const found = await compare(3, side('a', [99, 1, 9, 2]), side('b', [99, 5, 4, 6]));
    expect(found).toEqual({ ours: 2, other: 5 });
    expect(order.join('')).toBe('abbaabba');
    expect(median([1, 2, 10, 3])).toBe(2.5);
  });
});

describe('the command line', () => {
  it('names bars exactly or by what they begin with', () => {
    const chosen = (...args: string[]): string[] => {
      const options = parseOptions(args, bars);
      return typeof options === 'string' ? [] : options.bars.map(({ name }) => name);
    };
    expect(chosen('cli')).toEqual(['cli-version', 'cli-command', 'cli-query']);
    expect(chosen('memory', 'pull')).toEqual(['pull', 'memory']);
    expect(chosen()).toHaveLength(bars.length);
  });

  it.each([[['nothing']], [['--size', '0']], [['--fast']], [['--write', '--quick']], [['serve', '--write']]])(
    'refuses %j',
    (args) => {
      expect(() => parseOptions(args, bars)).toThrow(UsageError);
    },
  );
});

it('every bar has two sizes ten times apart', () => {
  for (const { name, sizes } of bars) expect(Math.round(sizes[1] / sizes[0]), name).toBe(10);
});

it('measures the built product and prints the results as JSON, and nothing else on stdout', async () => {
  const main = join(repositoryRoot, 'bench', 'src', 'main.ts');
  const args = [main, 'cli-command', 'publish', '--size', '1', '--rounds', '1', '--json', '--no-build'];
  await using bench = await startProcess(process.execPath, args, { cwd: repositoryRoot, env: minimalEnvironment() });
  const { code } = await bench.exited;
  expect(code, bench.stderr()).toBe(0);
  const run = JSON.parse(bench.stdout()) as Run;
  expect(run).toMatchObject({ date: expect.stringMatching(/^\d{4}-\d\d-\d\d$/), host: { node: process.version } });
  expect(run.results.map(({ bar, size }) => `${bar} ${size}`)).toEqual(['cli-command 1', 'publish 1']);
  for (const result of run.results) {
    expect(result).toMatchObject({ unit: 'ms', rounds: 1, skipped: null, met: expect.any(Boolean) });
    for (const figure of [result.ours, result.other, result.ratio]) expect(figure).toBeGreaterThan(0);
  }
});
