import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Connection, copyToParquet, type Database, enterSandbox, openDatabase, quoteLiteral } from './index.ts';

let folder: string;
let database: Database;
let connection: Connection;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-sandbox-'));
  await mkdir(join(folder, 'in'));
  await mkdir(join(folder, 'out'));
  await writeFile(join(folder, 'secret.csv'), 'a\n1\n');
  await writeFile(join(folder, 'in', 'data.csv'), 'a\n1\n');
  await symlink(join(folder, 'secret.csv'), join(folder, 'in', 'link.csv'));
  database = await openDatabase(':memory:');
  connection = await database.connect();
});
afterEach(async () => {
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

test('only the allowed folders can be read and written', async () => {
  await enterSandbox(connection, { allowedDirectories: [join(folder, 'in'), join(folder, 'out')] });
  expect(await connection.rows(`FROM read_csv(${quoteLiteral(join(folder, 'in', 'data.csv'))})`)).toHaveLength(1);
  expect((await copyToParquet(connection, 'SELECT 1 AS a', join(folder, 'out', 'a.parquet'))).rows).toBe(1);
  for (const path of ['secret.csv', 'in/../secret.csv', 'in/link.csv']) {
    await expect(connection.rows(`FROM read_text(${quoteLiteral(`${folder}/${path}`)})`), path).rejects.toThrow(
      'Permission Error',
    );
  }
});

test('only the allowed files can be read', async () => {
  await enterSandbox(connection, { allowedPaths: [join(folder, 'secret.csv')] });
  expect(await connection.rows(`FROM read_csv(${quoteLiteral(join(folder, 'secret.csv'))})`)).toHaveLength(1);
  await expect(connection.rows(`FROM read_csv(${quoteLiteral(join(folder, 'in', 'data.csv'))})`)).rejects.toThrow(
    'Permission Error',
  );
});

test('no setting can be changed afterwards, on any connection', async () => {
  await enterSandbox(connection, { memoryLimit: '200MB', threads: 1 });
  const other = await database.connect();
  for (const each of [connection, other]) {
    for (const statement of ['SET threads = 4', "SET memory_limit = '8GB'", 'RESET memory_limit', 'LOAD httpfs']) {
      await expect(each.run(statement), statement).rejects.toThrow();
    }
    expect(await each.first("SELECT current_setting('threads') AS t, current_setting('TimeZone') AS z")).toStrictEqual({
      t: 1,
      z: 'UTC',
    });
  }
});

test('memory is capped, and operators spill where they are told to', async () => {
  const sort = 'SELECT count(*) AS n FROM (SELECT random() AS r FROM range(3000000) ORDER BY r OFFSET 10)';
  await enterSandbox(connection, {
    memoryLimit: '50MB',
    threads: 1,
    tempDirectory: join(folder, 'out'),
    maxTempSize: '500MB',
  });
  expect(await connection.first(sort)).toStrictEqual({ n: 2_999_990 });
});

test('without a place to spill, too large is an error', async () => {
  await enterSandbox(connection, { memoryLimit: '20MB', threads: 1 });
  await expect(connection.rows('SELECT count(*) FROM (SELECT DISTINCT random() FROM range(5000000))')).rejects.toThrow(
    'Out of Memory',
  );
});
