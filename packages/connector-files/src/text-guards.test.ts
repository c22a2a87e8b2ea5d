import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, type Database, openDatabase, quoteLiteral } from '@agnes/duckdb';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { planCsv } from './csv.ts';
import type { ReadPlan } from './read-plan.ts';
import { GUARDS, isRefuted, triedCast } from './text-guards.ts';
import { kindSql } from './text-types.ts';

let folder: string;
let database: Database;
let connection: Connection;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-guards-'));
  database = await openDatabase(':memory:');
  connection = await database.connect();
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

const digits = (maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789', ...'0099'), minLength: 1, maxLength });
const sign = fc.constantFrom('', '', '', '-', '+');
const joined = (...parts: readonly fc.Arbitrary<string>[]) => fc.tuple(...parts).map((texts) => texts.join(''));
const exponent = joined(fc.constantFrom('e', 'E'), sign, digits(3));
const upTo = (max: number) => fc.integer({ min: 0, max }).map((number) => String(number).padStart(2, '0'));
const day = joined(
  fc.constantFrom('2024', '1999', '0001', '0000', '9999', '10000', '99'),
  fc.constant('-'),
  upTo(13),
  fc.constant('-'),
  upTo(32),
  fc.constantFrom('', '', '', ' (BC)'),
);
const clock = joined(
  fc.constantFrom(' ', ' ', 'T'),
  joined(upTo(24), fc.constant(':'), upTo(60)),
  fc.constantFrom('', ':00', ':59', ':60', ':07.5', ':07.123456', ':07.1234567', ':00.000'),
  fc.constantFrom('', '', '', 'Z', '+02:00', '-0330'),
);
/** A time stamp in which some characters are others. */
const bent = fc
  .tuple(
    fc.constantFrom('2024-02-29 10:07:59', '2024-02-29'),
    fc.nat(18),
    fc.constantFrom(...' 0-+:T.e9'),
    fc.nat(18),
    fc.boolean(),
  )
  .map(([text, at, character, second, both]) => {
    const put = (into: string, index: number) => into.slice(0, index) + character + into.slice(index + 1);
    return put(both ? put(text, second) : text, at);
  });

/** Texts of each sort that a column of a CSV file may have. */
const SORTS: readonly fc.Arbitrary<string>[] = [
  joined(sign, digits(22)),
  fc.integer().map(String),
  fc.maxSafeInteger().map(String),
  joined(sign, digits(20), fc.constant('.'), digits(20)),
  fc.double().map(String),
  fc.integer({ min: -1e6, max: 1e6 }).map((cents) => (cents / 100).toFixed(2)),
  joined(sign, digits(6), fc.constantFrom('', '.', '.5', '.50'), exponent),
  day,
  joined(day, clock),
  bent,
  joined(upTo(24), fc.constant(':'), upTo(60), fc.constant(':'), upTo(60)),
  fc.constantFrom('true', 'false', 'TRUE', 'True', 't', 'F', '1', '0', 'yes'),
  fc.constantFrom('NaN', 'nan', 'inf', '-inf', 'infinity', '-Infinity', '-0', '-0.0', '0.0', '.5', '5.', 'epoch'),
  fc.constantFrom('1e999', '1e-400', '4.9e-324', '1.7976931348623157e308', '9223372036854775808', '1_000', '0x1F'),
  fc.string({ maxLength: 6 }).map((text) => text.replaceAll(/[\r\n]/g, '').replaceAll('\0', '')),
];
const spaced = (sort: fc.Arbitrary<string>) =>
  fc.tuple(sort, fc.constantFrom('', '', '', '', '', '', ' ', '  ')).map(([text, space]) => space + text + space);
const anyText = spaced(fc.oneof(...SORTS));

test('what the quick test of a type lets through is of a kind that the type holds', async () => {
  const texts = fc.sample(anyText, 30_000);
  const path = join(folder, 'texts.json');
  await writeFile(path, JSON.stringify(texts.map((v) => ({ v }))));
  await connection.run(
    `CREATE TABLE texts AS FROM read_json(${quoteLiteral(path)}, format = 'array', columns = {v: 'VARCHAR'})`,
  );
  for (const [type, guard] of Object.entries(GUARDS)) {
    const seen = await connection.rows<{ v: string; kind: string }>(
      `SELECT v, ${kindSql('v')} AS kind FROM (SELECT v, ${triedCast('v', type)} AS t FROM texts)
       WHERE ${guard.quick('v', 't')}`,
    );
    expect(seen.length, type).toBeGreaterThan(50);
    expect(
      seen.filter(({ kind }) => !guard.kinds.some((allowed) => allowed === kind)),
      type,
    ).toStrictEqual([]);
    process.stdout.write(
      `${type}: ${seen.length} of ${texts.length} texts pass the quick test, each of a kind that it holds\n`,
    );
  }
});

test('one pass and the full analysis publish the same', async () => {
  // A column is mostly of one sort, so that all paths are taken: confirmed, refuted, undecided.
  const column = fc.constantFrom(...SORTS).chain((sort) =>
    fc.array(fc.oneof({ weight: 30, arbitrary: spaced(sort) }, { weight: 1, arbitrary: anyText }), {
      minLength: 1,
      maxLength: 8,
    }),
  );
  const paths = { confirmed: 0, refuted: 0, undecided: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(column, { minLength: 1, maxLength: 2 }), fc.boolean(), async (columns, quoted) => {
      const file = join(folder, 'a.csv');
      await writeFile(file, csv(columns, quoted));
      const plan = await planOf(file);
      if (plan.otherwise === undefined) {
        paths.undecided += 1;
        return;
      }
      const full = await read(await plan.otherwise());
      try {
        expect(await read(plan)).toStrictEqual(full);
        paths.confirmed += 1;
      } catch (error) {
        if (!isRefuted(error)) throw error;
        paths.refuted += 1;
      }
    }),
    { numRuns: 100 },
  );
  process.stdout.write(`100 files: ${JSON.stringify(paths)}\n`);
  expect(paths.confirmed).toBeGreaterThan(20);
  expect(paths.refuted).toBeGreaterThan(0);
}, 60_000);

test('a column that is called like the ones in between is read', async () => {
  const file = join(folder, 'named.csv');
  await writeFile(file, 'a,agnes tried 0,Agnes Tried 1\n1,2,3\n');
  const { rows } = await read(await planOf(file));
  expect(rows.map((row) => Object.values(row).slice(-3))).toStrictEqual([['1', '2', '3']]);
});

function csv(columns: readonly (readonly string[])[], quoted: boolean): string {
  const cell = (text: string) => (quoted || /[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const rows = Math.max(...columns.map((column) => column.length));
  const lines = Array.from({ length: rows }, (_, row) =>
    [`${row}`, ...columns.map((column) => cell(column[row] ?? ''))].join(','),
  );
  return `${['i', ...columns.map((_, index) => `c${index}`)].join(',')}\n${lines.join('\n')}\n`;
}

/** With a sample of two rows, so that the others can refute it. */
function planOf(path: string): Promise<ReadPlan> {
  const input = { files: [{ path, size: 0 }], options: { delimiter: ',', header: true, quote: '"', escape: '"' } };
  return planCsv({ connection, ...input, format: 'csv', columnTypes: {}, scratch: folder }, 2);
}

/** The types, and every value as text, which tells -0 from 0. */
async function read({ select = '' }: ReadPlan) {
  const columns = await connection.columns(select);
  return { columns, rows: await connection.rows(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM (${select})`) };
}
