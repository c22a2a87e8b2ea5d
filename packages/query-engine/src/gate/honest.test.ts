import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, copyToParquet, type Database, enterSandbox, openDatabase, quoteLiteral } from '@agnes/duckdb';
import { messageOf } from '@agnes/errors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCorpus } from './corpus/read-corpus.ts';
import { checkPlan, expandPivot, explainFailure, gateStatement } from './index.ts';

const TABLES: Readonly<Record<string, string>> = {
  orders: `SELECT i AS id, 1 + i % 5 AS customer_id, ['open', 'paid', 'sent'][1 + i % 3] AS status, (i * 7 % 100)::DECIMAL(10, 2) AS amount,
      TIMESTAMP '2024-12-28 09:30:00' + i * INTERVAL 17 HOUR AS ordered_at, CASE WHEN i % 4 > 0 THEN 'note ' || (i % 4) END AS note,
      ['red', 'blue'][1:1 + i % 2] AS tags, {'sku': 's' || i % 3, 'qty': i % 4} AS detail, to_json({'k': 'v' || i % 3, 'n': i}) AS attributes
    FROM range(60) t(i)`,
  customers: `SELECT i AS id, 'Name ' || i AS name, ['north', 'south'][1 + i % 2] AS region FROM range(1, 7) t(i)`,
  prices: `SELECT i % 3 AS product_id, TIMESTAMP '2024-12-28' + i * INTERVAL 1 DAY AS at, 10.0 + i AS price FROM range(20) t(i)`,
  nodes: `SELECT * FROM (VALUES (1, NULL, 'root'), (2, 1, 'a'), (3, 1, 'b'), (4, 2, 'c')) v(id, parent_id, name)`,
  sales: `SELECT i AS id, i * 2 AS jan, CASE WHEN i > 1 THEN i END AS feb, i + 5 AS mar FROM range(3) t(i)`,
};

const cases = readCorpus('honest.sql');
const files = new Set<string>();
let folder: string;
let free: { database: Database; connection: Connection };
let walled: { database: Database; connection: Connection };

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'agnes-honest-')));
  free = await open();
  walled = await open();
  for (const [name, sql] of Object.entries(TABLES)) {
    const file = join(folder, `${name}.parquet`);
    await copyToParquet(free.connection, sql, file);
    files.add(file);
  }
  for (const { connection } of [free, walled]) {
    for (const name of Object.keys(TABLES)) {
      const file = quoteLiteral(join(folder, `${name}.parquet`));
      await connection.run(`CREATE VIEW ${name} AS SELECT * FROM read_parquet([${file}])`);
    }
  }
  await enterSandbox(walled.connection, { allowedPaths: [...files], memoryLimit: '500MB', threads: 1 });
});
afterAll(async () => {
  await free.database.close();
  await walled.database.close();
  await rm(folder, { recursive: true, force: true });
});

async function open(): Promise<{ database: Database; connection: Connection }> {
  const database = await openDatabase(':memory:');
  return { database, connection: await database.connect() };
}

/** Columns, their types and the rows. Rows without an order are compared without one. */
async function run({ raw }: Connection, sql: string): Promise<string> {
  const result = await raw.runAndReadAll(sql);
  const rows = result.getRowsJson().map((row) => JSON.stringify(row));
  if (!/order by/i.test(sql)) rows.sort();
  return JSON.stringify([result.columnNames(), result.columnTypes().map(String), rows]);
}

async function throughTheWalls(sql: string): Promise<string> {
  const { connection } = walled;
  const gate = await gateStatement(connection, sql);
  if (gate.kind === 'refused') return `refused by the gate: ${JSON.stringify(gate)}`;
  const strange = gate.relations.filter(({ name }) => !Object.hasOwn(TABLES, name.toLowerCase()));
  if (strange.length > 0) return `refused as unknown: ${JSON.stringify(strange)}`;
  const expanded = await expandPivot(connection, gate, files);
  if (expanded.kind === 'refused') return `refused as a PIVOT: ${JSON.stringify(expanded)}`;
  const refusal = await checkPlan(connection, expanded.sql, files);
  if (refusal !== undefined) return `refused by its plan: ${JSON.stringify(refusal)}`;
  try {
    const plain = await run(connection, expanded.sql);
    // Whoever runs it may put it in parentheses, on lines of its own.
    const wrapped = await connection.raw.runAndReadAll(`SELECT * FROM (\n${expanded.sql}\n)`);
    return wrapped.columnNames().length > 0 ? plain : 'it cannot be put in parentheses';
  } catch (error) {
    return `failed: ${messageOf(error)} ${JSON.stringify(explainFailure(error))}`;
  }
}

test('honest analytics pass, and their answers are those of DuckDB itself', async () => {
  expect(cases.length).toBeGreaterThanOrEqual(200);
  const different: string[] = [];
  let refused = 0;
  for (const { sql } of cases) {
    let wanted: string;
    try {
      wanted = await run(free.connection, sql);
    } catch (error) {
      different.push(`${sql}: DuckDB itself says ${messageOf(error)}`);
      continue;
    }
    const got = await throughTheWalls(sql);
    if (got === wanted) continue;
    if (got.startsWith('refused')) refused += 1;
    different.push(`${sql}\n    ${wanted.slice(0, 300)}\n    ${got.slice(0, 300)}`);
  }
  process.stdout.write(
    `honest SQL: ${cases.length} queries in ${new Set(cases.map(({ family }) => family)).size} families, ${refused} refused, ` +
      `${different.length - refused} different answers\n`,
  );
  expect(different).toStrictEqual([]);
});
