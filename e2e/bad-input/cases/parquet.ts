import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { copyToParquet, openDatabase } from '@agnes/duckdb';
import { type Case, published, refused, said, warned } from '../case.ts';

async function write(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await using database = await openDatabase(':memory:');
  const connection = await database.connect();
  for (const [name, select] of Object.entries(files)) await copyToParquet(connection, select, join(folder, name));
}

/** A parquet file whose bytes are changed afterwards. */
function altered(select: string, change: (bytes: Buffer) => Buffer) {
  return async (folder: string): Promise<void> => {
    await write(folder, { 'a.parquet': select });
    const path = join(folder, 'a.parquet');
    await writeFile(path, change(await readFile(path)));
  };
}

const ROWS = 100_003;
const MANY = `SELECT i AS id, 'x' AS v FROM range(${ROWS}) AS r(i)`;
const ONE = "SELECT 1::BIGINT AS id, 'x' AS v";

/** An unsigned number as thrift's compact protocol writes an i64. */
function zigzag(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value * 2n;
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

/** Says a trillion wherever the footer says the number of rows: of the file, or everywhere. */
function claim(trillion: bigint, everywhere: boolean) {
  return (bytes: Buffer): Buffer => {
    const length = bytes.readUInt32LE(bytes.length - 8);
    const start = bytes.length - 8 - length;
    let footer = bytes.subarray(start, bytes.length - 8);
    const [from, to] = [zigzag(BigInt(ROWS)), zigzag(trillion)];
    let replaced = 0;
    for (let at = footer.indexOf(from); at >= 0; at = footer.indexOf(from, at + to.length)) {
      footer = Buffer.concat([footer.subarray(0, at), to, footer.subarray(at + from.length)]);
      replaced += 1;
      if (!everywhere) break;
    }
    if (replaced === 0) throw new Error('The number of rows is not in the footer.');
    const size = Buffer.alloc(4);
    size.writeUInt32LE(footer.length);
    return Buffer.concat([bytes.subarray(0, start), footer, size, bytes.subarray(bytes.length - 4)]);
  };
}

const source = 'a.parquet';
const both = '*.parquet';

/** Parquet files that are not what their name or footer says. */
export const parquet: readonly Case[] = [
  {
    name: 'parquet_truncated',
    source,
    bad: altered(MANY, (bytes) => bytes.subarray(0, bytes.length / 2)),
    expected: refused('source_file_invalid', 'parquet_truncated/a.parquet'),
  },
  {
    name: 'parquet_without_start',
    source,
    bad: altered(MANY, (bytes) => bytes.subarray(1000)),
    expected: refused('source_file_invalid', 'parquet_without_start/a.parquet'),
  },
  {
    name: 'parquet_spoiled_pages',
    source,
    bad: altered(MANY, (bytes) => Buffer.concat([bytes.subarray(0, 4), Buffer.alloc(60, 0xff), bytes.subarray(64)])),
    expected: refused('source_file_invalid', 'parquet_spoiled_pages/a.parquet'),
  },
  {
    name: 'parquet_spoiled_footer',
    source,
    bad: altered(ONE, (bytes) =>
      Buffer.concat([bytes.subarray(0, bytes.length - 60), Buffer.alloc(52, 0xff), bytes.subarray(-8)]),
    ),
    expected: refused('source_file_invalid', 'parquet_spoiled_footer/a.parquet'),
  },
  {
    name: 'parquet_footer_length',
    source,
    bad: altered(ONE, (bytes) =>
      Buffer.concat([bytes.subarray(0, -8), Buffer.from([0xff, 0xff, 0xff, 0x7f]), bytes.subarray(-4)]),
    ),
    expected: refused('source_file_invalid', 'parquet_footer_length/a.parquet'),
  },
  {
    name: 'parquet_encrypted',
    source,
    bad: altered(ONE, (bytes) => Buffer.concat([Buffer.from('PARE'), bytes.subarray(4, -4), Buffer.from('PARE')])),
    expected: refused('source_file_invalid', 'parquet_encrypted/a.parquet', /encrypted/i),
  },
  {
    name: 'parquet_zero_bytes',
    bad: { 'a.parquet': '' },
    expected: refused('source_file_invalid', 'parquet_zero_bytes/a.parquet', /empty/),
  },
  {
    name: 'parquet_no_rows',
    source,
    bad: (folder) => write(folder, { 'a.parquet': `${ONE} LIMIT 0` }),
    expected: warned({ id: 'BIGINT', v: 'VARCHAR' }, [], said('no_rows', 'a.parquet')),
  },
  {
    name: 'parquet_that_is_csv',
    bad: { 'a.parquet': 'id,v\n1,x\n' },
    expected: refused('source_file_invalid', 'parquet_that_is_csv/a.parquet'),
  },
  {
    name: 'csv_that_is_parquet',
    source: 'a.csv',
    bad: (folder) => write(folder, { 'a.csv': ONE }),
    expected: refused('source_file_invalid', 'csv_that_is_parquet/a.csv', /parquet/),
  },
  {
    name: 'json_that_is_parquet',
    source: 'a.json',
    bad: (folder) => write(folder, { 'a.json': ONE }),
    expected: refused('source_file_invalid', 'json_that_is_parquet/a.json', /parquet/),
  },
  {
    name: 'csv_that_is_gzip',
    bad: { 'a.csv': Buffer.from('1f8b08000000000000ffcb4c29d049e332d4a9e002000c9e2a1a0b000000', 'hex') },
    expected: refused('source_file_invalid', 'csv_that_is_gzip/a.csv', /gzip/),
  },
  {
    name: 'parquet_trillion_in_file',
    source,
    bad: altered(MANY, claim(10n ** 12n, false)),
    expected: refused('source_file_invalid', 'parquet_trillion_in_file/a.parquet', /rows/),
  },
  {
    name: 'parquet_trillion_everywhere',
    source,
    bad: altered(MANY, claim(10n ** 12n, true)),
    expected: refused('source_file_invalid', 'parquet_trillion_everywhere/a.parquet'),
  },
  {
    name: 'parquet_wider_integers',
    source: both,
    bad: (folder) =>
      write(folder, {
        'a.parquet': "SELECT 1::INTEGER AS id, 'x' AS v",
        'b.parquet': "SELECT 5000000000 AS id, 'y' AS v",
      }),
    expected: published({ id: 'BIGINT', v: 'VARCHAR' }, [
      { id: 1, v: 'x' },
      { id: 5_000_000_000, v: 'y' },
    ]),
  },
  {
    name: 'parquet_other_columns',
    source: both,
    bad: (folder) => write(folder, { 'a.parquet': ONE, 'b.parquet': "SELECT 'z' AS w, 2::BIGINT AS id" }),
    expected: published({ id: 'BIGINT', v: 'VARCHAR', w: 'VARCHAR' }, [
      { id: 1, v: 'x', w: null },
      { id: 2, v: null, w: 'z' },
    ]),
  },
  {
    name: 'parquet_text_and_numbers',
    source: both,
    bad: (folder) => write(folder, { 'a.parquet': ONE, 'b.parquet': 'SELECT 2::BIGINT AS id, 5::BIGINT AS v' }),
    expected: warned(
      { id: 'BIGINT', v: 'VARCHAR' },
      [
        { id: 1, v: 'x' },
        { id: 2, v: '5' },
      ],
      said('mixed_types', '"v"', 'a.parquet', 'b.parquet'),
    ),
  },
  {
    name: 'parquet_big_and_double',
    source: both,
    bad: (folder) =>
      write(folder, { 'a.parquet': 'SELECT 9007199254740993 AS v', 'b.parquet': 'SELECT 1.5::DOUBLE AS v' }),
    expected: warned(
      { v: 'VARCHAR' },
      [{ v: '9007199254740993' }, { v: '1.5' }],
      said('mixed_types', '"v"', 'a.parquet', 'b.parquet'),
    ),
  },
  {
    name: 'parquet_one_spoiled_of_two',
    source: both,
    bad: async (folder) => {
      await write(folder, { 'a.parquet': ONE });
      await writeFile(join(folder, 'b.parquet'), 'PAR1 and nothing else PAR1');
    },
    expected: refused('source_file_invalid', 'parquet_one_spoiled_of_two/b.parquet'),
  },
  {
    name: 'parquet_odd_values',
    source,
    bad: (folder) => write(folder, { 'a.parquet': "SELECT unnest(['NaN'::DOUBLE, '-0'::DOUBLE, 'inf'::DOUBLE]) AS v" }),
    expected: published({ v: 'DOUBLE' }, [{ v: Number.NaN }, { v: -0 }, { v: Number.POSITIVE_INFINITY }]),
  },
];
