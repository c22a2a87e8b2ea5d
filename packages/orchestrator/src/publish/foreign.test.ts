import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openFilesystemBlobs } from '@agnes/blobs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dataFolder, parquetView, publish, writeExtract, writeParquet } from '../testing/sources.test-setup.ts';
import type { PublishMessage } from './protocol.ts';
import { publishSource } from './publish-source.ts';

// What belongs to others: files by another name, and what the engine knows of the server.

let data: Awaited<ReturnType<typeof dataFolder>>;
beforeEach(async () => {
  data = await dataFolder();
});
afterEach(() => data[Symbol.asyncDispose]());

const refusedHere = (name: string) => ({
  name,
  code: 'publish_refused',
  message: expect.stringMatching(/hard link/),
  hint: expect.any(String),
});

test("a hard link to another source's file is refused, whoever reads it; links inside the source are its own affair", async () => {
  const other = join(data.path, 'extracts', 'other', 'data');
  await mkdir(other, { recursive: true });
  await writeExtract(data.path, 'shop', ['own', 'same', 'stolen', 'counted', 'kept'], async (connection, folder) => {
    const file = (name: string): string => join(folder, 'data', name);
    await writeParquet(connection, file('own.parquet'), 'SELECT 1 AS id');
    await link(file('own.parquet'), file('same.parquet'));
    await writeParquet(connection, join(other, 'secret.parquet'), "SELECT 'secret' AS id");
    await link(join(other, 'secret.parquet'), file('stolen.parquet'));
    for (const name of ['own', 'same', 'stolen']) await parquetView(connection, name, `'${file(`${name}.parquet`)}'`);
    await connection.run(`CREATE VIEW counted AS SELECT count(*) AS n FROM read_parquet('${folder}/data/*.parquet')`);
    await connection.run('CREATE TABLE kept AS SELECT 1 AS x');
  });
  const first = await publish(data.path, 'shop');
  expect(first.tables.map(({ name }) => name)).toStrictEqual(['own', 'same', 'kept']);
  expect(first.failed).toStrictEqual([refusedHere('stolen'), refusedHere('counted')]);

  await rm(join(other, 'secret.parquet'));
  const second = await publish(data.path, 'shop');
  expect(second.failed).toStrictEqual([]);
});

test('a hard link that is made while another table is read is seen too', async () => {
  const secrets = join(data.path, 'extracts', 'other', 'data');
  const own = join(data.path, 'extracts', 'shop', 'data');
  await mkdir(secrets, { recursive: true });
  await writeExtract(data.path, 'shop', ['first', 'scanned', 'computed'], async (connection) => {
    await connection.run('CREATE TABLE first AS SELECT 1 AS x');
    await writeParquet(connection, join(own, 'x.parquet'), "SELECT 'own' AS id");
    await writeParquet(connection, join(secrets, 'x.parquet'), "SELECT 'secret' AS id");
    await parquetView(connection, 'scanned', `'${own}/x.parquet'`);
    await connection.run(`CREATE VIEW computed AS SELECT upper(id) AS id FROM read_parquet('${own}/x.parquet')`);
  });
  const request = {
    source: 'shop',
    source_dir: join(data.path, 'extracts', 'shop'),
    out_dir: join(data.path, 'tmp', 'in-process'),
    blobs_root: join(data.path, 'blobs'),
    known_files: [],
    known_tables: [],
    leave_out: [],
    limits: { memory: '200MB', threads: 1, spill: '1GB' },
  };
  await mkdir(request.out_dir, { recursive: true });
  await openFilesystemBlobs(request.blobs_root);
  const messages: PublishMessage[] = [];
  for await (const message of publishSource(request)) {
    messages.push(message);
    if (message.type !== 'progress' || message.table !== 'first') continue;
    await rm(join(own, 'x.parquet'));
    await link(join(secrets, 'x.parquet'), join(own, 'x.parquet'));
  }
  expect(messages.flatMap((message) => (message.type === 'table' ? [message.name] : []))).toStrictEqual(['first']);
  expect(messages.filter(({ type }) => type === 'failed')).toMatchObject([
    refusedHere('scanned'),
    refusedHere('computed'),
  ]);
});

test('an index that is a hard link publishes nothing', async () => {
  await writeExtract(data.path, 'other', ['secret'], async (connection) => {
    await connection.run('CREATE TABLE secret AS SELECT 1 AS x');
  });
  const folder = join(data.path, 'extracts', 'shop');
  await mkdir(folder);
  await link(join(data.path, 'extracts', 'other', 'extract.duckdb'), join(folder, 'extract.duckdb'));
  expect(await publish(data.path, 'shop')).toMatchObject({
    complete: false,
    tables: [],
    problems: [{ code: 'publish_refused', message: expect.stringMatching(/extract.duckdb is a hard link/) }],
  });
});

test('views over what the engine knows of the server are refused, one by one; views over CSV and JSON are not', async () => {
  const telling = {
    paths: 'SELECT * FROM duckdb_databases()',
    settings: 'SELECT * FROM duckdb_settings()',
    extensions: 'SELECT * FROM duckdb_extensions()',
    one_setting: "SELECT current_setting('allowed_directories') AS x",
    size: 'SELECT * FROM pragma_database_size()',
  };
  await writeExtract(
    data.path,
    'shop',
    [...Object.keys(telling), 'csv', 'json', 'all_of_it'],
    async (connection, folder) => {
      for (const [name, select] of Object.entries(telling)) await connection.run(`CREATE VIEW ${name} AS ${select}`);
      await writeFile(join(folder, 'data', 'x.csv'), 'a\n1\n');
      await writeFile(join(folder, 'data', 'x.json'), '{"a": 2}\n');
      await connection.run(`CREATE VIEW csv AS SELECT * FROM '${folder}/data/x.csv'`);
      await connection.run(`CREATE VIEW json AS SELECT * FROM read_json_auto('${folder}/data/x.json')`);
      await connection.run('CREATE VIEW all_of_it AS SELECT * FROM csv UNION ALL SELECT * FROM extract.main.json');
    },
  );
  const { tables, failed } = await publish(data.path, 'shop');
  expect(tables.map(({ name, rows }) => [name, rows])).toStrictEqual([
    ['csv', 1],
    ['json', 1],
    ['all_of_it', 2],
  ]);
  expect(failed.map(({ name, code }) => [name, code])).toStrictEqual(
    Object.keys(telling).map((name) => [name, 'publish_refused']),
  );
});
