import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@agnes/duckdb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type TestServer, testServer } from './testing/server.test-setup.ts';
import { parquetView, writeExtract, writeParquet } from './testing/sources.test-setup.ts';

let server: TestServer;
beforeEach(async () => {
  server = await testServer();
});
afterEach(() => server[Symbol.asyncDispose]());

/** A source whose tables are plain tables with one row: the source's name and the table's. */
function source(name: string, tables: readonly string[], value: string = name): Promise<string> {
  return writeExtract(server.dataDir, name, tables, async (connection) => {
    for (const table of tables) {
      if (/^\w+$/.test(table))
        await connection.run(`CREATE TABLE ${table} AS SELECT '${value}' AS source, '${table}' AS t`);
    }
  });
}

async function masterViews(): Promise<Record<string, unknown[]>> {
  await using database = await openDatabase(join(server.dataDir, 'analytics', 'server.duckdb'), { readOnly: true });
  await using connection = await database.connect();
  const names = await connection.rows<{ name: string }>(
    "SELECT view_name AS name FROM duckdb_views() WHERE NOT internal AND database_name = 'server' ORDER BY ALL",
  );
  const views: Record<string, unknown[]> = {};
  for (const { name } of names) views[name] = await connection.rows(`FROM ${name}`);
  return views;
}

describe('rebuild', () => {
  test('without sources there is nothing', async () => {
    expect(await server.orchestrator.rebuild()).toStrictEqual({});
    expect(await server.orchestrator.rebuildSource('nobody')).toStrictEqual([]);
    expect(await server.orchestrator.rebuildSource('../state')).toStrictEqual([]);
  });

  test('publishes each source, again with the same result, and the master views show it', async () => {
    await source('shop', ['orders', 'customers']);
    await writeExtract(server.dataDir, 'web', ['visits'], async (connection, folder) => {
      await writeParquet(connection, join(folder, 'data', 'visits.parquet'), 'SELECT 7 AS n');
      await parquetView(connection, 'visits', `'${folder}/data/visits.parquet'`);
    });
    const first = await server.orchestrator.rebuild();
    expect(first).toStrictEqual({ shop: ['customers', 'orders'], web: ['visits'] });
    const versions = (await server.catalog.list()).map((table) => table.current_version);
    expect(await server.orchestrator.rebuild()).toStrictEqual(first);
    expect((await server.catalog.list()).map((table) => table.current_version)).toStrictEqual(versions);
    expect(await server.rows('visits')).toStrictEqual([{ n: 7 }]);
    expect(await masterViews()).toStrictEqual({
      customers: [{ source: 'shop', t: 'customers' }],
      orders: [{ source: 'shop', t: 'orders' }],
      visits: [{ n: 7 }],
    });
    expect((await readdir(join(server.dataDir, 'analytics'))).sort()).toStrictEqual(['server.duckdb']);
    expect(await readdir(join(server.dataDir, 'tmp'))).toStrictEqual([]);
    expect(server.warnings).toStrictEqual([]);
  });

  test('a file that no row of _meta speaks of is not published', async () => {
    await writeExtract(server.dataDir, 'shop', ['orders'], async (connection, folder) => {
      await connection.run('CREATE TABLE orders AS SELECT 1 AS x');
      await writeParquet(connection, join(folder, 'data', 'orphan.parquet'), 'SELECT 1 AS x');
    });
    expect(await server.orchestrator.rebuild()).toStrictEqual({ shop: ['orders'] });
  });

  test('folders that are not sources, or not yet, are passed over', async () => {
    await source('good', ['a']);
    await mkdir(join(server.dataDir, 'extracts', 'bad name; drop'), { recursive: true });
    await writeFile(join(server.dataDir, 'extracts', 'bad name; drop', 'extract.duckdb'), '');
    await mkdir(join(server.dataDir, 'extracts', 'writing'), { recursive: true });
    await writeFile(join(server.dataDir, 'extracts', 'writing', 'extract.duckdb.tmp'), 'half');
    await writeFile(join(server.dataDir, 'extracts', 'file'), '');
    expect(await server.orchestrator.rebuild()).toStrictEqual({ good: ['a'] });
    const reports = await server.orchestrator.publishAll();
    expect(reports.flatMap(({ skipped }) => skipped)).toMatchObject([{ item: 'extracts/bad name; drop' }]);
  });

  test('corrupt extracts, and those without tables, cost the others nothing', async () => {
    for (const name of ['a_broken', 'z_broken']) {
      await mkdir(join(server.dataDir, 'extracts', name), { recursive: true });
      await writeFile(join(server.dataDir, 'extracts', name, 'extract.duckdb'), 'not a database'.repeat(1000));
    }
    await source('empty', []);
    await source('good', ['a', 'bad name']);
    expect(await server.orchestrator.rebuild()).toStrictEqual({ good: ['a'] });
    const reports = await server.orchestrator.publishAll();
    expect(reports.map(({ source: name, failed }) => [name, failed.map(({ code }) => code)])).toStrictEqual([
      ['a_broken', ['extract_unreadable']],
      ['empty', []],
      ['good', []],
      ['z_broken', ['extract_unreadable']],
    ]);
  });

  test('a source that cannot be read any more keeps its last good versions, and the registry says why', async () => {
    await source('shop', ['orders']);
    await server.orchestrator.rebuild();
    await writeFile(join(server.dataDir, 'extracts', 'shop', 'extract.duckdb'), 'not a database'.repeat(1000));
    expect(await server.orchestrator.rebuildSource('shop')).toStrictEqual([]);
    expect(await server.rows('orders')).toStrictEqual([{ source: 'shop', t: 'orders' }]);
    expect(await server.table('orders')).toMatchObject({
      last_sync_status: 'error',
      last_sync_error: expect.stringContaining('cannot be read'),
    });
    expect(await masterViews()).toHaveProperty('orders');
  });

  test('rebuildSource touches that source only', async () => {
    await source('one', ['a']);
    await source('two', ['b']);
    await server.orchestrator.rebuild();
    await source('one', ['a', 'c'], 'changed');
    await rm(join(server.dataDir, 'extracts', 'two'), { recursive: true });
    expect(await server.orchestrator.rebuildSource('one')).toStrictEqual(['a', 'c']);
    expect(Object.keys(await masterViews())).toStrictEqual(['a', 'b', 'c']);
    expect(await server.rows('a')).toStrictEqual([{ source: 'changed', t: 'a' }]);
    expect(await server.rows('b')).toStrictEqual([{ source: 'two', t: 'b' }]);
  });

  test('a reader of the master views goes on reading while they are replaced', async () => {
    await source('shop', ['orders']);
    await server.orchestrator.rebuild();
    const file = join(server.dataDir, 'analytics', 'server.duckdb');
    const old = `${file}.old`;
    await rename(file, old);
    await server.orchestrator.rebuild();
    await using database = await openDatabase(old, { readOnly: true });
    await using reader = await database.connect();
    expect(await reader.rows('FROM orders')).toHaveLength(1);
    await source('shop', ['orders'], 'changed');
    await server.orchestrator.rebuild();
    expect(await reader.rows('FROM orders')).toStrictEqual([{ source: 'shop', t: 'orders' }]);
    expect((await masterViews()).orders).toStrictEqual([{ source: 'changed', t: 'orders' }]);
  });

  test('master views that are deleted or broken come back, and cost no publish', async () => {
    await source('one', ['a']);
    await source('two', ['b']);
    await server.orchestrator.rebuild();
    await writeFile(join(server.dataDir, 'analytics', 'server.duckdb'), 'broken'.repeat(5000));
    await source('one', ['a'], 'changed');
    expect(await server.orchestrator.rebuildSource('one')).toStrictEqual(['a']);
    expect(Object.keys(await masterViews())).toStrictEqual(['a', 'b']);
    await rm(join(server.dataDir, 'analytics'), { recursive: true });
    await server.orchestrator.rebuildSource('two');
    expect(Object.keys(await masterViews())).toStrictEqual(['a', 'b']);
  });
});

describe('who owns a name', () => {
  test('the first source in order, for good, and only that name is refused to others', async () => {
    await source('alpha', ['orders']);
    await source('beta', ['orders', 'invoices']);
    expect(await server.orchestrator.rebuild()).toStrictEqual({ alpha: ['orders'], beta: ['invoices'] });
    await source('aaa_first', ['orders']);
    const reports = await server.orchestrator.publishAll();
    expect(reports.map(({ source: name, published }) => [name, published])).toStrictEqual([
      ['aaa_first', []],
      ['alpha', ['orders']],
      ['beta', ['invoices']],
    ]);
    expect(reports[0]?.failed).toMatchObject([{ item: 'orders', code: 'table_exists' }]);
  });

  test('an owner that cannot be read keeps its name', async () => {
    await source('zulu', ['orders']);
    await server.orchestrator.rebuild();
    await writeFile(join(server.dataDir, 'extracts', 'zulu', 'extract.duckdb'), 'broken'.repeat(5000));
    await source('alpha', ['orders']);
    expect(await server.orchestrator.rebuild()).toStrictEqual({});
    expect(await server.rows('orders')).toStrictEqual([{ source: 'zulu', t: 'orders' }]);
  });

  test('an owner that stops publishing a name gives it up in the same rebuild', async () => {
    await source('zulu', ['orders', 'kept']);
    await server.orchestrator.rebuild();
    await source('zulu', ['orders_v2', 'kept']);
    await source('alpha', ['orders']);
    expect(await server.orchestrator.rebuild()).toStrictEqual({ alpha: ['orders'], zulu: ['kept', 'orders_v2'] });
    expect(await server.rows('orders')).toStrictEqual([{ source: 'alpha', t: 'orders' }]);
    expect(Object.keys(await masterViews())).toStrictEqual(['kept', 'orders', 'orders_v2']);
  });

  test('a source whose folder is gone is withdrawn, but not when every folder is', async () => {
    await source('one', ['a']);
    await source('two', ['b']);
    await server.orchestrator.rebuild();
    await rename(join(server.dataDir, 'extracts'), join(server.dataDir, 'unmounted'));
    expect(await server.orchestrator.rebuild()).toStrictEqual({});
    expect(await server.rows('a')).toHaveLength(1);
    await rename(join(server.dataDir, 'unmounted'), join(server.dataDir, 'extracts'));
    await rm(join(server.dataDir, 'extracts', 'one'), { recursive: true });
    expect(await server.orchestrator.rebuild()).toStrictEqual({ two: ['b'] });
    expect(await server.rows('a')).toBeUndefined();
    expect(Object.keys(await masterViews())).toStrictEqual(['b']);
  });

  test('a table that an administrator took out stays out, and that is no failure', async () => {
    await source('shop', ['orders', 'secret']);
    await server.orchestrator.rebuild();
    await server.catalog.unregister('secret', 'user_root');
    const [report] = await server.orchestrator.publishAll();
    expect(report).toMatchObject({ published: ['orders'], failed: [], skipped: [{ item: 'secret' }] });
    expect(Object.keys(await masterViews())).toStrictEqual(['orders']);
  });
});

test('a hostile source is refused what is not its own, and its other tables are published', async () => {
  await source('honest', ['orders']);
  await writeExtract(server.dataDir, 'evil', ['passwords', 'state', 'good'], async (connection) => {
    await connection.run("CREATE VIEW passwords AS SELECT * FROM read_text('/etc/passwd')");
    await connection.run(`CREATE VIEW state AS SELECT * FROM read_blob('${server.dataDir}/state/*')`);
    await connection.run('CREATE TABLE good AS SELECT 1 AS x');
  });
  const reports = await server.orchestrator.publishAll();
  expect(reports.map(({ published }) => published)).toStrictEqual([['good'], ['orders']]);
  expect(reports[0]?.failed.map(({ item, code }) => `${item} ${code}`)).toStrictEqual([
    'passwords publish_refused',
    'state publish_refused',
  ]);
});

test('a sweep removes what no version names, and spares what is young', async () => {
  await source('shop', ['orders']);
  await server.orchestrator.rebuild();
  const orphan = join(server.dataDir, 'orphan');
  await writeFile(orphan, 'nobody names me');
  const { sha256 } = await server.blobs.putFile(orphan);
  expect(await server.orchestrator.sweep()).toStrictEqual({ versions: 0, blobs: 0, bytes: 0 });
  server.clock.ahead = 2 * 3_600_000;
  expect(await server.orchestrator.sweep()).toStrictEqual({ versions: 0, blobs: 1, bytes: 15 });
  expect(await server.blobs.stat(sha256)).toBeUndefined();
  expect(await server.rows('orders')).toHaveLength(1);
});
