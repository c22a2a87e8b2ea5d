import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type Connection, openDatabase, quoteLiteral } from '@agnes/duckdb';
import type { Bar } from '../bar.ts';
import { compare, timeOf } from '../compare.ts';
import { startServer, sync } from '../setup/server.ts';

const COLUMNS = [
  'i AS id',
  '(hash(i) % 100000)::INTEGER AS quantity',
  '(hash(i) % 1000000) / 7.0 AS score',
  'md5(i::VARCHAR) AS reference',
  "TIMESTAMP '2026-01-01' + INTERVAL (i % 31536000) SECOND AS happened",
  '((hash(i) % 10000000) / 100.0)::DECIMAL(12, 2) AS amount',
  'i % 3 = 0 AS is_open',
  "'category ' || (hash(i) % 40) AS category",
];

export const extract: Bar = {
  name: 'extract',
  scenario: `A CSV file of so many thousand rows and ${COLUMNS.length} columns (integers, double, text, timestamp, decimal, boolean) becomes a published version.`,
  ours: 'a sync job of the built server: the files connector, then the publish, each in a process of its own',
  other:
    'bare DuckDB in a process that has loaded it: `COPY (FROM read_csv(…)) TO … (FORMAT parquet, COMPRESSION zstd)`, then one sha256 pass',
  target: { compare: 'ratio', is: 'at most', value: 1.25 },
  sizeUnit: 'thousand rows',
  sizes: [1000, 10_000],
  quickSizes: [1, 10],
  rounds: 3,
  async run(size, { folder, rounds }) {
    const csv = join(folder, 'orders.csv');
    await using database = await openDatabase(':memory:');
    await using connection = await database.connect();
    const rows = `SELECT ${COLUMNS.join(', ')} FROM range(${size * 1000}) AS numbers(i)`;
    await connection.run(`COPY (${rows}) TO ${quoteLiteral(csv)} (FORMAT csv, HEADER)`);
    const times = await compare(
      rounds,
      () => ours(csv, folder),
      () => timeOf(() => bare(connection, csv, join(folder, 'bare.parquet'))),
    );
    return { ours: times.ours / 1000, other: times.other / 1000, unit: 's' };
  },
};

/** A server of its own for each round, so that none finds the bytes of an earlier one. */
async function ours(csv: string, folder: string): Promise<number> {
  const data = await mkdtemp(join(folder, 'data-'));
  try {
    await using server = await startServer(data, { AGNES_FILES_ROOTS: folder });
    await server.client.registerTable({ body: { name: 'orders', source_type: 'local', source_table: csv } });
    return await timeOf(() => sync(server, ['orders']));
  } finally {
    await rm(data, { recursive: true });
  }
}

async function bare(connection: Connection, csv: string, parquet: string): Promise<void> {
  await mkdir(join(parquet, '..'), { recursive: true });
  const select = `SELECT * FROM read_csv(${quoteLiteral(csv)})`;
  await connection.run(`COPY (${select}) TO ${quoteLiteral(parquet)} (FORMAT parquet, COMPRESSION zstd)`);
  await pipeline(createReadStream(parquet, { highWaterMark: 1024 * 1024 }), createHash('sha256'));
}
