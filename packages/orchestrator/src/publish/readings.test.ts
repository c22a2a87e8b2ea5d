import { chmod, cp, mkdir, rename, rm, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase } from '@agnes/duckdb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type TestServer, testServer } from '../testing/server.test-setup.ts';
import { parquetView, writeExtract, writeParquet } from '../testing/sources.test-setup.ts';
import { folderFingerprint } from './folder-fingerprint.ts';

let server: TestServer;
/** Sources that were read, one entry each time. A source that is only looked at asks for no known files. */
let reads: string[];
beforeEach(async () => {
  server = await testServer();
  reads = [];
  const { knownFiles } = server.catalog;
  server.catalog.knownFiles = (source) => {
    reads.push(source);
    return knownFiles(source);
  };
  // Files that were written a moment ago are then old enough to be known by their times.
  server.clock.ahead = 10_000;
});
afterEach(() => server[Symbol.asyncDispose]());

/** A source of one file, a table beside it in the extract, and what `more` makes. */
async function shop(value = 1, more: (folder: string) => Promise<void> = async () => {}): Promise<string> {
  return await writeExtract(server.dataDir, 'shop', ['orders', 'items'], async (connection, folder) => {
    await writeParquet(connection, join(folder, 'data', 'orders.parquet'), `SELECT ${value} AS n`);
    await parquetView(connection, 'orders', `'${folder}/data/*.parquet'`);
    await connection.run('CREATE TABLE items AS SELECT 1 AS x');
    await more(folder);
  });
}

/** The sources that a rebuild reads, and what it publishes. */
async function rebuild(context = {}): Promise<[readonly string[], Record<string, string[]>]> {
  reads = [];
  const published = await server.orchestrator.rebuild(context);
  return [reads, published];
}

const BOTH = { shop: ['items', 'orders'] };

describe('a source whose files have not changed', () => {
  test('is not read again by a rebuild, a publish or a sync, and reported as before; force reads it', async () => {
    await shop();
    expect(await rebuild()).toStrictEqual([['shop'], BOTH]);
    expect(await rebuild()).toStrictEqual([[], BOTH]);
    expect(await server.orchestrator.rebuildSource('shop')).toStrictEqual(BOTH.shop);
    expect((await server.sync()).status).toBe('succeeded');
    expect(reads).toStrictEqual([]);
    expect(await rebuild({ force: true })).toStrictEqual([['shop'], BOTH]);
    expect((await server.sync({ force: true })).status).toBe('succeeded');
    expect(reads).toStrictEqual(['shop', 'shop']);
    expect(await rebuild()).toStrictEqual([[], BOTH]);
  });

  test('is read as long as a file is too young to be known by its times', async () => {
    server.clock.ahead = 0;
    await shop();
    await rebuild();
    expect(await rebuild()).toStrictEqual([['shop'], BOTH]);
  });

  test('does not bring back a name that an administrator took out, and gives a name that became free', async () => {
    await shop();
    await writeExtract(server.dataDir, 'web', ['orders'], async (connection) => {
      await connection.run('CREATE TABLE orders AS SELECT 2 AS n');
    });
    await rebuild();
    expect(await server.rows('orders')).toStrictEqual([{ n: 1 }]);
    await server.catalog.unregister('items', 'admin');
    await rm(join(server.dataDir, 'extracts', 'shop'), { recursive: true });
    expect(await rebuild()).toStrictEqual([[], { web: ['orders'] }]);
    expect(await server.rows('orders')).toStrictEqual([{ n: 2 }]);
    expect(await server.table('items')).toBeUndefined();
  });

  test('is read again when the store has lost or cut one of its parts', async () => {
    await shop();
    await rebuild();
    const table = await server.table('items');
    const version = await server.catalog.currentVersion(table?.id ?? '');
    const part = server.blobs.path(version?.parts[0]?.sha256 ?? '');
    await chmod(part, 0o600);
    await truncate(part, 10);
    expect((await rebuild())[0]).toStrictEqual(['shop']);
    await rm(part);
    expect((await rebuild())[0]).toStrictEqual(['shop']);
  });
});

describe('a source is read again', () => {
  test('when a file of it is another one, and then shows the other one', async () => {
    const folder = await shop();
    await rebuild();
    await rm(join(folder, 'data', 'orders.parquet'));
    await using database = await openDatabase(':memory:');
    await using connection = await database.connect();
    await writeParquet(connection, join(folder, 'data', 'orders.parquet'), 'SELECT 2 AS n');
    expect((await rebuild())[0]).toStrictEqual(['shop']);
    expect(await server.rows('orders')).toStrictEqual([{ n: 2 }]);
  });

  test('when one of its tables failed', async () => {
    await shop(1, (folder) => writeFile(join(folder, 'data', 'bad.parquet'), 'no parquet'));
    await rebuild();
    expect((await rebuild())[0]).toStrictEqual(['shop']);
  });

  test('when a view of it was run, because its rows may depend on the time', async () => {
    await writeExtract(server.dataDir, 'clock', ['ticks'], async (connection) => {
      await connection.run('CREATE VIEW ticks AS SELECT epoch_ns(current_timestamp) AS t');
    });
    await rebuild();
    const before = await server.rows('ticks');
    expect((await rebuild())[0]).toStrictEqual(['clock']);
    expect(await server.rows('ticks')).not.toStrictEqual(before);
  });
});

describe('the fingerprint of a folder', () => {
  const later = new Date(Date.now() + 3_600_000);
  const at = (name: string): string => join(server.dataDir, 'extracts', 'shop', name);
  beforeEach(async () => {
    await mkdir(at('data'), { recursive: true });
    for (const name of ['extract.duckdb', 'data/a.parquet', 'note']) await writeFile(at(name), 'same length');
  });

  test('stays the same while nothing changes', async () => {
    const first = await folderFingerprint(at(''), later);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await folderFingerprint(at(''), later)).toBe(first);
  });

  test.each<[string, () => Promise<unknown>]>([
    ['a file is written anew with the same length', () => writeFile(at('data/a.parquet'), 'SAME LENGTH')],
    ['a file is replaced by another', async () => rename(at('note'), at('data/a.parquet'))],
    ['a file gets other times', () => utimes(at('data/a.parquet'), 1, 1)],
    ['a file is added', () => writeFile(at('data/b.parquet'), '')],
    ['a file is taken away', () => rm(at('note'))],
    ['a file is renamed', () => rename(at('note'), at('data/note'))],
    ['a folder is added', () => mkdir(at('data/month=1'))],
    [
      'a copy stands in its place',
      async () => {
        await cp(at(''), at('../copy'), { recursive: true, preserveTimestamps: true });
        await rm(at(''), { recursive: true });
        await rename(at('../copy'), at(''));
      },
    ],
  ])('is another one when %s', async (_what, change) => {
    const first = await folderFingerprint(at(''), later);
    await change();
    const second = await folderFingerprint(at(''), later);
    expect(second).toMatch(/^[0-9a-f]{64}$/);
    expect(second).not.toBe(first);
  });

  const future = later.getTime() / 1000 + 1000;
  test.each<[string, () => Promise<unknown>]>([
    ['something in it is from the future', () => utimes(at('note'), future, future)],
    ['somebody writes to the extract', () => writeFile(at('extract.duckdb.wal'), '')],
    ['it holds a link', () => symlink('note', at('link'))],
    ['it is gone', () => rm(at(''), { recursive: true })],
    [
      'it is a link',
      async () => {
        await rename(at(''), at('../real'));
        await symlink('real', at('../shop'));
      },
    ],
  ])('is not there when %s', async (_what, change) => {
    await change();
    expect(await folderFingerprint(at('.'), later)).toBeUndefined();
  });

  test('is not there while something in it is young', async () => {
    expect(await folderFingerprint(at(''), new Date(Date.now() + 1000))).toBeUndefined();
  });
});
