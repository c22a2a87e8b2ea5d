import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase, quoteLiteral } from '@agnes/duckdb';
import { expect, it } from 'vitest';
import { writeCsv } from './generate-csv.ts';
import { writeParquet } from './generate-parquet.ts';
import { seededRandom } from './random.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { writeTree } from './write-tree.ts';

it('writes a CSV that DuckDB reads back, whatever stands in the cells', async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'deep', 'a.csv');
  const odd = ['plain', 'a,b', 'say "hi"', 'two\nlines', '', null] as const;
  await writeCsv(path, odd.length, { id: (row) => row, 'odd name, yes': (row) => odd[row] ?? null });
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  const rows = await connection.rows(
    `SELECT * FROM read_csv(${quoteLiteral(path)}, header = true, allow_quoted_nulls = false) ORDER BY id`,
  );
  expect(rows.map((row) => row['odd name, yes'])).toEqual([...odd]);
});

it('writes the same bytes for the same arguments, other ones for another seed', async () => {
  await using folder = await temporaryFolder();
  const write = async (name: string, seed: number): Promise<string> => {
    const path = join(folder.path, name);
    await writeCsv(
      path,
      1_000,
      { n: (_, random) => random.integer(1, 6), c: (_, random) => random.pick(['x', 'y']) },
      { seed },
    );
    return await readFile(path, 'utf8');
  };
  const first = await write('1.csv', 7);
  expect(await write('2.csv', 7)).toBe(first);
  expect(await write('3.csv', 8)).not.toBe(first);
});

it('writes parquet from expressions over the row number, the same bytes each time', async () => {
  await using folder = await temporaryFolder();
  const [first, second] = [join(folder.path, '1.parquet'), join(folder.path, '2.parquet')];
  const columns = { id: 'i', city: "CASE i % 2 WHEN 0 THEN 'Brno' ELSE 'Oslo' END", 'odd "name"': 'hash(i) % 100' };
  await writeParquet(first, 5_000, columns);
  await writeParquet(second, 5_000, columns);
  expect((await readFile(first)).equals(await readFile(second))).toBe(true);
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  const rows = await connection.rows(
    `SELECT count(*) AS n, count(DISTINCT city) AS cities FROM ${quoteLiteral(first)}`,
  );
  expect(rows).toEqual([{ n: 5_000, cities: 2 }]);
});

it('gives whole numbers from the whole range, both ends included', () => {
  const random = seededRandom(1);
  const seen = new Set(Array.from({ length: 1_000 }, () => random.integer(-2, 2)));
  expect([...seen].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
});

it('writes a tree of files from an object', async () => {
  await using folder = await temporaryFolder();
  await writeTree(folder.path, { 'a.txt': 'a', sub: { 'b.bin': new Uint8Array([1, 2]) }, 'x/y/c.txt': 'c' });
  expect(await readFile(join(folder.path, 'a.txt'), 'utf8')).toBe('a');
  expect([...(await readFile(join(folder.path, 'sub', 'b.bin')))]).toEqual([1, 2]);
  expect(await readFile(join(folder.path, 'x', 'y', 'c.txt'), 'utf8')).toBe('c');
});
