import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient } from '@agnes/api-client';
import { openDatabase } from '@agnes/duckdb';
import { temporaryFolder } from '@agnes/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ANALYST, type Installation, inFiles, initialise, json, startInstallation } from './installation.ts';
import { type Comparison, compareTable, type Sides } from './oracle/compare.ts';
import { demoFiles, demoTables } from './oracle/demo-tables.ts';

let all: Installation;
let tables: Readonly<Record<string, { readonly file: string }>>;

beforeAll(async () => {
  all = await startInstallation();
  tables = await demoTables();
  for (const { file } of Object.values(tables)) await cp(join(demoFiles, file), inFiles(all, file));
  const files = Object.fromEntries(Object.entries(tables).map(([name, { file }]) => [name, file]));
  await all.publish(files, Object.keys(files));
  await initialise(all);
}, 180_000);

afterAll(() => all?.[Symbol.asyncDispose]());

/** Compares the tables named with the files as they are now. */
async function compare(names: readonly string[]): Promise<Comparison> {
  await using scratch = await temporaryFolder('agnes-oracle-');
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  const server = all.server.url;
  const { access_token: token } = await createClient({ server }).signIn({ body: ANALYST });
  const client = createClient({ server, token });
  const sides: Sides = {
    connection,
    client,
    ask: (sql) => json(all.analyst, ['query', '--stdin', '--limit', '0'], { input: JSON.stringify({ sql }) }),
    database: join(all.analyst.workspace, 'user', 'duckdb', 'analytics.duckdb'),
    scratch: scratch.path,
  };
  const manifest = await client.syncManifest();
  const sum: Comparison = { rows: 0, cells: 0, answers: 0, keptAsText: [], differences: [] };
  for (const name of names) {
    const one = await compareTable(sides, name, inFiles(all, tables[name]?.file ?? ''), manifest.tables[name]);
    sum.rows += one.rows;
    sum.cells += one.cells;
    sum.answers += one.answers;
    sum.keptAsText.push(...one.keptAsText);
    sum.differences.push(...one.differences);
  }
  return sum;
}

/** Puts a value into a source file without making it longer or shorter than it has to be. */
async function edit(file: string, from: string, to: string): Promise<void> {
  const text = await readFile(inFiles(all, file), 'utf8');
  expect(text).toContain(from);
  await writeFile(inFiles(all, file), text.replace(from, to));
}

describe('the same answer on the laptop, on the server, and from the source file', () => {
  it('for every table of the demo', async () => {
    const names = Object.keys(tables);
    const { rows, cells, answers, keptAsText, differences } = await compare(names);
    const n = (value: number): string => value.toLocaleString('en');
    process.stdout.write(
      `oracle: ${names.length} tables, ${n(rows)} rows, ${n(cells)} cells and ${n(answers)} counts, checksums and groups ` +
        `compared, differences: ${differences.length}. Numbers kept as text: ${keptAsText.join(', ') || 'none'}\n`,
    );
    expect(differences).toEqual([]);
    expect(names).toHaveLength(18);
    expect(rows).toBeGreaterThan(3_000_000);
    expect(cells).toBeGreaterThan(1_000_000);
  }, 180_000);

  it('and one value that is changed in a CSV and in a JSON file is noticed on every side, until it was synced and pulled', async () => {
    await edit('stocks.csv', '39.81', '39.82');
    await edit('cars.json', '"Weight_in_lbs":3504', '"Weight_in_lbs":3505');
    const { differences } = await compare(['stocks', 'cars', 'weather']);
    for (const [table, column] of [
      ['stocks', 'price'],
      ['cars', 'Weight_in_lbs'],
    ]) {
      for (const side of ['server', 'laptop', 'sample']) {
        expect(differences).toContainEqual(expect.stringContaining(`${table}, ${side}, row 1, column ${column}`));
      }
      for (const side of ['server', 'laptop']) {
        expect(differences).toContainEqual(expect.stringMatching(`${table}, ${side}: \\d+ answers differ`));
      }
    }
    expect(differences).toHaveLength(10);

    await json(all.admin, ['admin', 'sync', 'stocks', 'cars']);
    expect((await compare(['stocks', 'cars'])).differences.filter((one) => !one.includes('laptop'))).toEqual([]);
    await json(all.analyst, ['pull']);
    expect((await compare(['stocks', 'cars'])).differences).toEqual([]);
  }, 60_000);
});
