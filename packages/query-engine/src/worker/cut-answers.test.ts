import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase, quoteLiteral } from '@agnes/duckdb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { WorkerTable } from '../protocol.ts';
import { createWorkerPool, type WorkerPool } from '../worker-pool.ts';

let folder: string;
let pool: WorkerPool;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-partial-'));
  pool = createWorkerPool({ size: 1, tempRoot: folder, memoryLimit: '100MB', threads: 2, deadlineMs: 60_000 });
});
afterEach(async () => {
  await pool.close();
  await rm(folder, { recursive: true, force: true });
});

async function query(user: string, sql: string, limit: number, tables: WorkerTable[] = []) {
  return pool.use(
    async ({ ask }) => {
      await ask({ type: 'prepare', sql }, 'prepared');
      return ask({ type: 'run', user, tables, output: { kind: 'json', limit, bytes: 16e6 } }, 'json');
    },
    { user },
  );
}

test('a value that cannot be cast, late in a table, fails the answer in JSON as it fails a file', async () => {
  const file = join(folder, 't.parquet');
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  await connection.run(
    `COPY (SELECT i, CASE WHEN i = 95000 THEN 'n/a' ELSE i::VARCHAR END AS v FROM range(100000) t(i))
     TO ${quoteLiteral(file)} (ROW_GROUP_SIZE 10000)`,
  );
  const columns = [
    { name: 'i', type: 'BIGINT' },
    { name: 'v', type: 'VARCHAR' },
  ];
  const table = { name: 't', files: [file], columns, uniform: true };
  const rows = query('ana', 'SELECT i, v::BIGINT AS v FROM t', 100_000, [table]).then(
    (answer) => `${answer.rows} rows, truncated: ${answer.truncated}`,
  );
  await expect(rows).rejects.toThrow(/convert/);
});

const sorted = (letter: string): string =>
  `SELECT i FROM (SELECT range AS i, (range * 1103515245 + 12345) % 2147483648 AS r, repeat('${letter}', 40) || range AS s
   FROM range(3000000) ORDER BY r)`;

test('what one person’s query spilled is gone when it is answered', async () => {
  await query(
    'ana',
    "SELECT i, s FROM (SELECT range AS i, repeat('x', 40) || range AS s, hash(range) AS r FROM range(3000000)) ORDER BY r",
    1,
  );
  const left = await readdir(folder, { recursive: true, withFileTypes: true });
  expect(left.filter((entry) => entry.isFile())).toEqual([]);
}, 60_000);

test('one person’s cut answer takes nothing from the rows of the next person', async () => {
  const of = async (user: string, sql: string, limit: number): Promise<string> =>
    query(user, sql, limit).then(
      ({ rows, truncated }) => `${rows} ${truncated}`,
      (error: unknown) => String(error),
    );
  const seen: string[] = [];
  for (let round = 0; round < 2; round += 1) {
    await of('ana', sorted('x').replace('SELECT i FROM', 'SELECT i, s FROM'), 1);
    seen.push(await of('ben', sorted('y').replace('SELECT i FROM', 'SELECT i, r, s[41:] AS s FROM'), 400_000));
  }
  expect(seen).toEqual(Array.from({ length: 2 }, () => '400000 true'));
}, 120_000);
