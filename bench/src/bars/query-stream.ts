import { join } from 'node:path';
import { quoteLiteral } from '@agnes/duckdb';
import type { Bar } from '../bar.ts';
import { compare, timeOf } from '../compare.ts';
import { findTool } from '../setup/find-tool.ts';
import { openConnections, postQuery, startQueryServer } from '../setup/query-server.ts';
import { runTimed } from '../setup/run-timed.ts';

const SQL = 'SELECT * FROM measured';
const SELECT = `SELECT i AS id, i % 1000 AS kind, (i * 7919) % 100000 AS amount, i / 7 AS share, 'name ' || (i % 5000) AS name,
  TIMESTAMP '2026-01-01' + INTERVAL (i) SECOND AS happened, i % 2 = 0 AS is_even, hash(i) AS code`;

export const queryStream: Bar = {
  name: 'query-stream',
  scenario: 'The whole of a table of so many rows and eight columns as CSV, read to its end and thrown away.',
  ours: '`POST /api/query` with the format csv',
  other: '`COPY … TO` a file by an open connection of node-api, then `cat` of that file',
  target: { compare: 'ratio', is: 'at most', value: 2 },
  sizeUnit: 'rows',
  sizes: [200_000, 2_000_000],
  quickSizes: [2_000, 20_000],
  rounds: 5,
  async run(size, { folder, rounds }) {
    const cat = await findTool('cat');
    if (cat === undefined) return { skipped: 'cat is not installed' };
    await using all = await startQueryServer(folder, { name: 'measured', select: SELECT, rows: size, parts: 4 });
    await using bare = await openConnections('measured', all.files, 1);
    const file = join(folder, 'copied.csv');
    const copy = `COPY (${SQL}) TO ${quoteLiteral(file)} (FORMAT csv, HEADER)`;
    const times = await compare(
      rounds,
      () => timeOf(() => postQuery(all.server, { sql: SQL, format: 'csv' })),
      () =>
        timeOf(async () => {
          await bare.connections[0].run(copy);
          await runTimed(cat, [file]);
        }),
    );
    return { ...times, unit: 'ms' };
  },
};
