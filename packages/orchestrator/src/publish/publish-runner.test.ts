import { copyFile, mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '@agnes/duckdb';
import { REMOTE_ATTACH_DDL } from '@agnes/extract-contract';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  dataFolder,
  parquetView,
  publish,
  rowsOfParts,
  writeExtract,
  writeParquet,
} from '../testing/sources.test-setup.ts';

let data: Awaited<ReturnType<typeof dataFolder>>;
beforeEach(async () => {
  data = await dataFolder();
});
afterEach(() => data[Symbol.asyncDispose]());

describe('what becomes of the objects of an extract', () => {
  test('a view over parquet files keeps the files, anything else is written out', async () => {
    await writeExtract(
      data.path,
      'shop',
      [
        'single',
        'listed',
        'monthly',
        'widened',
        'from_csv',
        'inner_table',
        'joined',
        'hive',
        { name: 'kept_mode', mode: 'materialized' },
      ],
      async (connection, folder) => {
        const file = (name: string): string => join(folder, 'data', name);
        await mkdir(file('monthly'));
        await writeParquet(connection, file('single.parquet'), 'SELECT range AS id FROM range(3)');
        await writeParquet(connection, file('b.parquet'), 'SELECT 10 AS id');
        await writeParquet(connection, file('a.parquet'), 'SELECT 20 AS id');
        await writeParquet(connection, file('monthly/2024-01.parquet'), "SELECT 1 AS id, 'x' AS name");
        await writeParquet(connection, file('monthly/2024-02.parquet'), 'SELECT 2::BIGINT AS id, true AS extra');
        await connection.run(
          `COPY (SELECT 1 AS id, 'eu' AS region UNION ALL SELECT 2, 'us') TO '${file('hive')}' (FORMAT parquet, PARTITION_BY (region))`,
        );
        await writeFile(file('x.csv'), 'a,b\n1,2\n3,4\n');
        await parquetView(connection, 'single', `'${file('single.parquet')}'`);
        await parquetView(connection, 'listed', `['${file('b.parquet')}', '${file('a.parquet')}']`);
        await parquetView(
          connection,
          'monthly',
          `'${file('monthly/*.parquet')}', union_by_name = true, hive_partitioning = false`,
        );
        await connection.run(
          `CREATE VIEW widened AS SELECT id + 1 AS id FROM read_parquet('${file('single.parquet')}')`,
        );
        await connection.run(`CREATE VIEW from_csv AS SELECT * FROM read_csv('${file('x.csv')}')`);
        await connection.run(
          "CREATE TABLE inner_table AS SELECT sum(range) AS total, 'a'::ENUM('a', 'b') AS e FROM range(5)",
        );
        await connection.run('ALTER TABLE inner_table ALTER total SET NOT NULL');
        await connection.run('CREATE VIEW joined AS SELECT * FROM single JOIN inner_table ON true');
        await parquetView(connection, 'hive', `'${file('hive/*/*.parquet')}'`);
        await connection.run('CREATE TABLE kept_mode AS SELECT 1 AS x');
      },
    );

    const content = await publish(data.path, 'shop');
    expect(content.failed).toStrictEqual([]);
    expect(content.problems).toStrictEqual([]);
    expect(content.complete).toBe(true);
    const tables = Object.fromEntries(content.tables.map((table) => [table.name, table]));
    const kinds = Object.fromEntries(
      content.tables.map(({ name, parts }) => [name, parts.map(({ writer }) => writer.split('/')[0])]),
    );
    expect(kinds).toStrictEqual({
      single: ['source'],
      listed: ['source', 'source'],
      monthly: ['source', 'source'],
      widened: ['duckdb'],
      from_csv: ['duckdb'],
      inner_table: ['duckdb'],
      joined: ['duckdb'],
      hive: ['duckdb'],
      kept_mode: ['duckdb'],
    });
    expect(tables.monthly?.parts.map(({ partition }) => partition)).toStrictEqual(['2024-01', '2024-02']);
    expect(tables.monthly?.columns.map(({ name, type }) => `${name} ${type}`)).toStrictEqual([
      'id BIGINT',
      'name VARCHAR',
      'extra BOOLEAN',
    ]);
    expect(tables.inner_table?.columns).toStrictEqual([
      { name: 'total', type: 'DECIMAL(38,0)', nullable: false },
      { name: 'e', type: 'VARCHAR', nullable: true },
    ]);
    expect(tables.kept_mode?.query_mode).toBe('materialized');
    expect(tables.single).toMatchObject({ rows: 3, description: 'A table.', extracted_at: '2026-01-02T03:04:05.000Z' });
    expect(await rowsOfParts(data.path, tables.listed?.parts ?? [])).toStrictEqual([{ id: 10 }, { id: 20 }]);
    expect(await rowsOfParts(data.path, tables.from_csv?.parts ?? [])).toStrictEqual([
      { a: 1, b: 2 },
      { a: 3, b: 4 },
    ]);
    expect(await rowsOfParts(data.path, tables.joined?.parts ?? [])).toHaveLength(3);
    expect(await rowsOfParts(data.path, tables.hive?.parts ?? [])).toStrictEqual([
      { id: 1, region: 'eu' },
      { id: 2, region: 'us' },
    ]);
  });

  test('files that disagree on columns are written out as the view shows them, unless it unites them by name', async () => {
    await writeExtract(data.path, 'shop', ['first_decides'], async (connection, folder) => {
      await writeParquet(connection, join(folder, 'data', 'a.parquet'), 'SELECT 1 AS id');
      await writeParquet(connection, join(folder, 'data', 'b.parquet'), 'SELECT 2 AS id, 3 AS more');
      await parquetView(connection, 'first_decides', `'${folder}/data/*.parquet'`);
    });
    const { tables } = await publish(data.path, 'shop');
    expect(await rowsOfParts(data.path, tables[0]?.parts ?? [])).toStrictEqual([{ id: 1 }, { id: 2 }]);
  });

  test('an extract that was written elsewhere finds its files here', async () => {
    const written = await writeExtract(data.path, 'shop', ['orders', 'months'], async (connection, folder) => {
      await mkdir(join(folder, 'data', 'months'));
      await writeParquet(connection, join(folder, 'data', 'orders.parquet'), 'SELECT 1 AS id');
      await writeParquet(connection, join(folder, 'data', 'months', '2024-01.parquet'), 'SELECT 2 AS id');
      await parquetView(connection, 'orders', `'${folder}/data/orders.parquet'`);
      await parquetView(connection, 'months', `'${folder}/data/months/*.parquet'`);
    });
    await mkdir(join(data.path, 'moved', 'extracts'), { recursive: true });
    await rename(written, join(data.path, 'moved', 'extracts', 'shop'));
    const content = await publish(join(data.path, 'moved'), 'shop');
    expect(content.failed).toStrictEqual([]);
    expect(content.tables.map(({ name, rows }) => [name, rows])).toStrictEqual([
      ['orders', 1],
      ['months', 1],
    ]);
  });

  test('a file that did not change is not read again, nor is data inside extract.duckdb', async () => {
    const folder = await writeExtract(data.path, 'shop', ['files', 'inner_table'], async (connection, source) => {
      await writeParquet(connection, join(source, 'data', 'a.parquet'), 'SELECT 1 AS id');
      await parquetView(connection, 'files', `'${source}/data/a.parquet'`);
      await connection.run('CREATE TABLE inner_table AS SELECT 5 AS x');
    });
    // Fingerprints count once a file is older than the clock of the file system is coarse.
    await sleep(150);
    const first = await publish(data.path, 'shop');
    expect(first.files.map(({ path }) => path).sort()).toStrictEqual([
      'data/a.parquet',
      'extract.duckdb#inner_table#0',
    ]);

    const forged = first.files.map((file) => ({ ...file, rows: 777 }));
    const again = await publish(data.path, 'shop', { files: forged });
    expect(again.tables.map(({ rows }) => rows)).toStrictEqual([777, 777]);
    expect(again.tables.map(({ parts }) => parts.map(({ sha256 }) => sha256))).toStrictEqual(
      first.tables.map(({ parts }) => parts.map(({ sha256 }) => sha256)),
    );

    await copyFile(join(folder, 'data', 'a.parquet'), join(folder, 'data', 'b.parquet'));
    await rename(join(folder, 'data', 'b.parquet'), join(folder, 'data', 'a.parquet'));
    const changed = await publish(data.path, 'shop', { files: forged });
    expect(changed.tables.map(({ rows }) => rows)).toStrictEqual([1, 777]);
  });

  test('more rows said than there are is a warning, and the data counts', async () => {
    await writeExtract(data.path, 'shop', [{ name: 't', mode: 'local', rows: 99 }], async (connection) => {
      await connection.run('CREATE TABLE t AS SELECT 1 AS x');
    });
    const { tables } = await publish(data.path, 'shop');
    expect(tables[0]).toMatchObject({ rows: 1, warnings: [{ code: 'rows_differ' }] });
  });
});

describe('what is wrong stays with its table', () => {
  test.each([
    ['a file of the system', () => `SELECT * FROM read_text('/etc/passwd')`, 'publish_refused'],
    [
      'the state database',
      (folder: string) => `SELECT * FROM read_blob('${folder}/../../state/system.duckdb')`,
      'publish_refused',
    ],
    [
      'a glob over other sources',
      (folder: string) => `SELECT * FROM read_parquet('${folder}/../*/data/*.parquet')`,
      'publish_refused',
    ],
    [
      'a path with dots',
      (folder: string) => `SELECT * FROM read_parquet('${folder}/data/../../other/data/secret.parquet')`,
      'publish_refused',
    ],
    [
      'a path elsewhere that ends like ours',
      () => `SELECT * FROM read_parquet('/data/extracts/evil/../other/data/secret.parquet')`,
      'publish_refused',
    ],
    ['a URL', () => `SELECT * FROM read_parquet('https://example.com/x.parquet')`, 'publish_refused'],
    ['a bucket', () => `SELECT * FROM parquet_scan('s3://bucket/x.parquet')`, 'publish_refused'],
    [
      'a linked file',
      (folder: string) => `SELECT * FROM read_parquet('${folder}/data/link.parquet')`,
      'publish_refused',
    ],
    [
      'a file behind a linked folder',
      (folder: string) => `SELECT * FROM read_parquet('${folder}/data/linked/secret.parquet')`,
      'publish_refused',
    ],
    [
      'a linked file, read as rows',
      (folder: string) => `SELECT 1, * FROM read_parquet('${folder}/data/link.parquet')`,
      'publish_refused',
    ],
    [
      'a query hidden in a function',
      () => `SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')`,
      'publish_refused',
    ],
    [
      'a truncated file',
      (folder: string) => `SELECT * FROM read_parquet('${folder}/data/torn.parquet')`,
      'extract_invalid',
    ],
    [
      'a file that is not there',
      (folder: string) => `SELECT * FROM read_parquet('${folder}/data/none.parquet')`,
      'extract_invalid',
    ],
    ['a folder', (folder: string) => `SELECT * FROM read_parquet('${folder}/data')`, 'publish_refused'],
  ] as const)('%s', async (_what, select, code) => {
    await writeExtract(data.path, 'other', [], async (connection, folder) => {
      await writeParquet(connection, join(folder, 'data', 'secret.parquet'), "SELECT 'secret' AS s");
    });
    await mkdir(join(data.path, 'state'));
    await writeFile(join(data.path, 'state', 'system.duckdb'), 'secret');
    await writeExtract(data.path, 'evil', ['bad', 'good'], async (connection, folder) => {
      await symlink(
        join(data.path, 'extracts', 'other', 'data', 'secret.parquet'),
        join(folder, 'data', 'link.parquet'),
      );
      await symlink(join(data.path, 'extracts', 'other', 'data'), join(folder, 'data', 'linked'));
      await writeParquet(connection, join(folder, 'data', 'torn.parquet'), 'SELECT range FROM range(1000)');
      await truncate(join(folder, 'data', 'torn.parquet'), 500);
      await createUnboundView(connection, 'bad', select(folder));
      await connection.run('CREATE TABLE good AS SELECT 1 AS x');
    });
    const content = await publish(data.path, 'evil');
    expect(content.tables.map(({ name }) => name)).toStrictEqual(['good']);
    expect(content.failed).toMatchObject([{ name: 'bad', code }]);
    expect(content.failed[0]?.hint).toBeTruthy();
    expect(content.complete).toBe(true);
  });

  test('invalid names, missing objects, unknown modes and remote tables', async () => {
    await writeExtract(
      data.path,
      'shop',
      [
        'bad name; --',
        '../x',
        'gone',
        { name: 'odd', mode: 'sideways' },
        { name: 'far', mode: 'remote' },
        'good',
        'GOOD',
      ],
      async (connection) => {
        for (const name of ['odd', 'far', 'good']) await connection.run(`CREATE TABLE ${name} AS SELECT 1 AS x`);
      },
    );
    const content = await publish(data.path, 'shop');
    expect(content.tables.map(({ name }) => name)).toStrictEqual(['good']);
    expect(content.failed.map(({ name }) => name)).toStrictEqual(['gone', 'odd']);
    expect(content.skipped.map(({ name }) => name)).toStrictEqual(['far']);
    expect(content.problems).toHaveLength(3);
    expect(content.complete).toBe(true);
  });
});

test('rows of _remote_attach are checked, attach nothing, and cost the local tables nothing', async () => {
  await writeExtract(data.path, 'shop', ['near', { name: 'far', mode: 'remote' }], async (connection) => {
    await connection.run(REMOTE_ATTACH_DDL);
    await connection.run(
      "INSERT INTO _remote_attach VALUES ('bq', 'bigquery', 'project=x', ''), ('a b', 'c', 'd', '')",
    );
    await connection.run('CREATE TABLE near AS SELECT 1 AS x');
    await connection.run('CREATE TABLE far AS SELECT 1 AS x');
  });
  const content = await publish(data.path, 'shop');
  expect(content.tables.map(({ name }) => name)).toStrictEqual(['near']);
  expect(content.skipped.map(({ name }) => name)).toStrictEqual(['far']);
  expect(content.problems).toMatchObject([
    { code: 'extract_invalid', message: expect.stringContaining('_remote_attach') },
  ]);
});

describe('an extract that cannot be read as a whole is not complete', () => {
  test('no extract.duckdb', async () => {
    await mkdir(join(data.path, 'extracts', 'shop'), { recursive: true });
    expect(await publish(data.path, 'shop')).toMatchObject({
      complete: false,
      problems: [{ code: 'extract_missing' }],
    });
  });

  test('rubbish', async () => {
    await mkdir(join(data.path, 'extracts', 'shop'), { recursive: true });
    await writeFile(join(data.path, 'extracts', 'shop', 'extract.duckdb'), 'rubbish'.repeat(3000));
    const content = await publish(data.path, 'shop');
    expect(content).toMatchObject({ complete: false, tables: [], problems: [{ code: 'extract_unreadable' }] });
    expect(content.problems[0]?.message).not.toContain(data.path);
  });

  test('without _meta', async () => {
    await writeExtract(data.path, 'shop', [], (connection) => connection.run('DROP TABLE _meta').then(() => {}));
    expect(await publish(data.path, 'shop')).toMatchObject({
      complete: false,
      problems: [{ code: 'extract_invalid' }],
    });
  });

  test('_meta that is a view over a file of the system', async () => {
    await writeExtract(data.path, 'shop', [], async (connection) => {
      await connection.run('DROP TABLE _meta');
      await connection.run("CREATE VIEW _meta AS SELECT content AS table_name FROM read_text('/etc/passwd')");
    });
    expect(await publish(data.path, 'shop')).toMatchObject({ complete: false, tables: [] });
  });

  test('extract.duckdb that is a link', async () => {
    await writeExtract(data.path, 'other', ['secret'], async (connection) => {
      await connection.run('CREATE TABLE secret AS SELECT 1 AS x');
    });
    await mkdir(join(data.path, 'extracts', 'shop'), { recursive: true });
    await symlink(
      join(data.path, 'extracts', 'other', 'extract.duckdb'),
      join(data.path, 'extracts', 'shop', 'extract.duckdb'),
    );
    expect(await publish(data.path, 'shop')).toMatchObject({
      complete: false,
      tables: [],
      problems: [{ code: 'extract_unreadable' }],
    });
    await rm(join(data.path, 'extracts', 'shop'), { recursive: true });
    await symlink(join(data.path, 'extracts', 'other'), join(data.path, 'extracts', 'shop'));
    expect(await publish(data.path, 'shop')).toMatchObject({
      complete: false,
      tables: [],
      problems: [{ code: 'extract_unreadable' }],
    });
  });
});

test('a log beside the extract that is no regular file is not opened', async () => {
  const folder = await writeExtract(data.path, 'shop', ['t'], async (connection) => {
    await connection.run('CREATE TABLE t AS SELECT 1 AS x');
  });
  await writeFile(join(data.path, 'elsewhere.wal'), '');
  await symlink(join(data.path, 'elsewhere.wal'), join(folder, 'extract.duckdb.wal'));
  expect(await publish(data.path, 'shop')).toMatchObject({
    complete: false,
    tables: [],
    problems: [{ code: 'extract_unreadable', message: 'extract.duckdb.wal of shop is no regular file.' }],
  });
});

test('a view that never ends is stopped at the deadline and says so', async () => {
  await writeExtract(data.path, 'shop', ['endless'], async (connection) => {
    await connection.run(
      'CREATE VIEW endless AS SELECT a.range AS x FROM range(100000000) a, range(100000000) b WHERE hash(a.range, b.range) = 1',
    );
  });
  await expect(publish(data.path, 'shop', {}, { deadlineMs: 1500 })).rejects.toMatchObject({
    code: 'publish_failed',
    message: expect.stringContaining('readers keep the last good version'),
  });
});

test('a view that yields too much is stopped by its size', async () => {
  await writeExtract(data.path, 'shop', ['huge'], async (connection) => {
    await connection.run('CREATE VIEW huge AS SELECT random() AS x FROM range(100000000000)');
  });
  await expect(publish(data.path, 'shop', {}, { outputBytes: 20_000_000 })).rejects.toMatchObject({
    code: 'publish_failed',
    message: expect.stringContaining('wrote more than'),
  });
});

test('a view that yields without end is stopped before the disk is full', async () => {
  await writeExtract(data.path, 'shop', ['huge'], async (connection) => {
    await connection.run('CREATE VIEW huge AS SELECT random() AS x FROM range(100000000000)');
  });
  const limits = { keepFreeBytes: Number.MAX_SAFE_INTEGER, deadlineMs: 20_000 };
  await expect(publish(data.path, 'shop', {}, limits)).rejects.toMatchObject({
    code: 'publish_failed',
    message: expect.stringContaining('about to fill the disk'),
  });
});

/** A view's text is bound when it is made, so for text that does not bind here another function of the name stands in. */
async function createUnboundView(connection: Connection, name: string, select: string): Promise<void> {
  const stands = ['read_parquet', 'parquet_scan', 'read_text', 'read_blob'];
  for (const stand of stands) await connection.run(`CREATE MACRO ${stand}(path) AS TABLE SELECT 1 AS x`);
  await connection.run(`CREATE VIEW ${name} AS ${select}`);
  for (const stand of stands) await connection.run(`DROP MACRO TABLE ${stand}`);
}
