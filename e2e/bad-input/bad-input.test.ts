import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Case } from './case.ts';
import { csvText } from './cases/csv-text.ts';
import { fileSystem } from './cases/file-system.ts';
import { json } from './cases/json.ts';
import { names } from './cases/names.ts';
import { numbersAndDates } from './cases/numbers-and-dates.ts';
import { parquet } from './cases/parquet.ts';
import { checkCase } from './check-case.test-setup.ts';
import { type MatrixRun, NEIGHBOURS, runMatrix, UNCHANGED } from './run-matrix.ts';
import { contentOf, type SourceServer, startSourceServer } from './source-server.ts';

const THEMES: Readonly<Record<string, readonly Case[]>> = {
  'CSV text': csvText,
  'numbers and dates': numbersAndDates,
  JSON: json,
  parquet,
  names,
  'file system': fileSystem,
};
const cases = Object.values(THEMES).flat();

let server: SourceServer;
let run: MatrixRun;
const violations: string[] = [];

beforeAll(async () => {
  server = await startSourceServer({ AGNES_FILES_MAX: '50', AGNES_CONNECTOR_MEMORY_MB: '16384' });
  run = await runMatrix(server, cases);
}, 600_000);

afterAll(async () => {
  const number = (outcome: string): number => cases.filter(({ expected }) => expected.outcome === outcome).length;
  process.stdout.write(
    `bad input: ${cases.length} cases (${Object.entries(THEMES)
      .map(([theme, { length }]) => `${theme} ${length}`)
      .join(', ')}): ${number('published')} published, ${number('warned')} published with a warning, ` +
      `${number('refused')} refused, violations ${violations.length}\n`,
  );
  await server?.[Symbol.asyncDispose]();
});

test('the good files of all cases are published first, without a word', () => {
  expect(run.first.failed).toStrictEqual([]);
  expect(run.first.warnings ?? []).toStrictEqual([]);
  expect([...run.before.keys()].sort()).toStrictEqual([...NEIGHBOURS, ...cases.map(({ name }) => name)].sort());
});

describe.each(Object.entries(THEMES))('%s', (_theme, ofTheme) => {
  test.each(ofTheme.map((one) => [one.name, one.expected.outcome, one] as const))('%s: %s', async (name, _, one) => {
    try {
      await checkCase(server, run, one);
    } catch (error) {
      violations.push(name);
      throw error;
    }
  });
});

test('no other table is touched: what changed is published, what did not keeps its version', async () => {
  for (const name of NEIGHBOURS) {
    const version = run.after.get(name);
    if (version === undefined) throw new Error(`${name} is gone.`);
    const rows = [{ id: 1, v: 'good' }, ...(name === UNCHANGED ? [] : [{ id: 2, v: 'new' }])];
    expect((await contentOf(server, version)).rows).toStrictEqual(rows);
    if (name === UNCHANGED) expect(version.id).toBe(run.before.get(name)?.id);
  }
  const touched = cases.filter(({ expected }) => expected.outcome === 'refused').map(({ name }) => name);
  expect(run.second.failed.map(({ item }) => item).sort()).toStrictEqual(touched.sort());
});
