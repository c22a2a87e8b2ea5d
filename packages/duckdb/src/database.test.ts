import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { attachReadOnly, duckdbVersion, openDatabase, quoteIdentifier, quoteLiteral } from './index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-duckdb-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('opening', () => {
  test('importing the package does not load DuckDB', () => {
    const index = pathToFileURL(join(import.meta.dirname, 'index.ts')).href;
    const script = `const duckdb = await import(${JSON.stringify(index)});
      duckdb.quoteIdentifier('a');
      console.log(process.report.getReport().sharedObjects.some((name) => name.includes('duckdb')));`;
    const child = spawnSync(process.execPath, ['--conditions=@agnes/source', '--input-type=module', '-e', script], {
      encoding: 'utf8',
    });
    expect(child.stdout.trim(), child.stderr).toBe('false');
  });

  test('a file opened twice in one process is one database', async () => {
    const path = join(folder, 'a.duckdb');
    await using first = await openDatabase(path);
    await using second = await openDatabase(path);
    const writer = await first.connect();
    const reader = await second.connect();
    await writer.run('CREATE TABLE t AS SELECT 1 AS i');
    expect(await reader.rows('FROM t')).toStrictEqual([{ i: 1 }]);
    await first.close();
    expect(await reader.rows('FROM t')).toStrictEqual([{ i: 1 }]);
  });

  test('each in-memory database is a fresh one', async () => {
    await using first = await openDatabase(':memory:');
    await using second = await openDatabase(':memory:');
    await (await first.connect()).run('CREATE TABLE t (i INTEGER)');
    await expect((await second.connect()).rows('FROM t')).rejects.toThrow('Catalog Error');
  });

  test('every connection runs in UTC and loads no extension by itself', async () => {
    const path = join(folder, 'a.duckdb');
    for (const readOnly of [false, true]) {
      await using database = await openDatabase(path, { readOnly });
      const settings = await (await database.connect()).first(
        `SELECT current_setting('TimeZone') AS zone, current_setting('autoload_known_extensions') AS load,
                current_setting('autoinstall_known_extensions') AS install`,
      );
      expect(settings).toStrictEqual({ zone: 'UTC', load: false, install: false });
    }
  });

  test('a read-only database refuses writes, and its absence is an error', async () => {
    const path = join(folder, 'a.duckdb');
    await expect(openDatabase(path, { readOnly: true })).rejects.toThrow('does not exist');
    await (await openDatabase(path)).close();
    await using database = await openDatabase(path, { readOnly: true });
    await expect((await database.connect()).run('CREATE TABLE t (i INTEGER)')).rejects.toThrow('read-only');
  });

  test('a closed database gives no connections and lets the file go', async () => {
    const path = join(folder, 'a.duckdb');
    const database = await openDatabase(path);
    await database.connect();
    await database.close();
    await database.close();
    await expect(database.connect()).rejects.toThrow('closed');
    await using reader = await openDatabase(path, { readOnly: true });
    await reader.connect();
  });

  test('the version is three numbers', async () => {
    expect(await duckdbVersion()).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

describe('statements', () => {
  test('parameters keep their values', async () => {
    await using database = await openDatabase(':memory:');
    const connection = await database.connect();
    const date = new Date('2024-02-29T12:34:56.789Z');
    const values = ["it's", 1, 2 ** 40, 1e20, 0.5, -0, true, 2n ** 62n, 2n ** 100n, date, null, Uint8Array.of(0, 1)];
    const row = await connection.first(`SELECT ${values.map((_, index) => `$${index + 1} AS v${index}`)}`, values);
    expect(Object.values(row ?? {})).toStrictEqual([
      ...["it's", 1, 2 ** 40, 1e20, 0.5, -0, true, 2n ** 62n, 2n ** 100n],
      ...['2024-02-29T12:34:56.789Z', null, Uint8Array.of(0, 1)],
    ]);
  });

  test('what no parameter can hold is an error, not a NULL', async () => {
    await using database = await openDatabase(':memory:');
    const connection = await database.connect();
    await expect(connection.rows('SELECT ?', [undefined as never])).rejects.toThrow('undefined');
    await expect(connection.rows('SELECT ?', [new Date(Number.NaN)])).rejects.toThrow('invalid Date');
  });

  test('run returns the number of changed rows and takes a script', async () => {
    await using database = await openDatabase(':memory:');
    const connection = await database.connect();
    expect(await connection.run('CREATE TABLE t (i INTEGER); INSERT INTO t VALUES (1), (2), (3)')).toBe(3);
    expect(await connection.run('DELETE FROM t WHERE i > ?', [1])).toBe(2);
    expect(await connection.first('FROM t')).toStrictEqual({ i: 1 });
    expect(await connection.first('FROM t WHERE i = 9')).toBeUndefined();
  });

  test('a stream gives all rows in chunks, and may be left early', async () => {
    await using database = await openDatabase(':memory:');
    const connection = await database.connect();
    let rows = 0;
    for await (const chunk of connection.stream('SELECT range AS i FROM range(10000)')) rows += chunk.length;
    expect(rows).toBe(10_000);
    for await (const chunk of connection.stream('SELECT range AS i FROM range(?)', [100_000])) {
      expect(chunk[0]).toStrictEqual({ i: 0 });
      break;
    }
    expect(await connection.first('SELECT 1 AS i')).toStrictEqual({ i: 1 });
  });

  test('columns tells names and types without running', async () => {
    await using database = await openDatabase(':memory:');
    const connection = await database.connect();
    expect(
      await connection.columns("WITH a AS (SELECT error('ran')::JSON AS j, 1.5 AS d) FROM a -- end"),
    ).toStrictEqual([
      { name: 'j', type: 'JSON' },
      { name: 'd', type: 'DECIMAL(2,1)' },
    ]);
  });

  test('closing waits for what is running, and later calls are errors', async () => {
    const database = await openDatabase(':memory:');
    const connection = await database.connect();
    const running = connection.rows('SELECT sum(i) AS s FROM range(30000000) t(i)');
    const stream = connection.stream('SELECT 1 AS i')[Symbol.asyncIterator]();
    await database.close();
    expect(await running).toStrictEqual([{ s: 449999985000000 }]);
    await expect(connection.rows('SELECT 1')).rejects.toThrow('closed');
    await expect(stream.next()).rejects.toThrow('closed');
    expect(() => connection.interrupt()).not.toThrow();
  });

  test('interrupt stops a running statement and the connection lives on', async () => {
    await using database = await openDatabase(':memory:');
    const connection = await database.connect();
    const running = connection.rows('SELECT count(*) FROM range(100000000000) a, range(100) b');
    setTimeout(() => connection.interrupt(), 50);
    await expect(running).rejects.toThrow('INTERRUPT');
    expect(await connection.first('SELECT 1 AS i')).toStrictEqual({ i: 1 });
  });
});

describe('names and attaching', () => {
  test.each(['a', 'select', 'with space', 'quo"te', "apos'trophe", 'ř', '; DROP TABLE t; --', 'a.b', '\\', '\n'])(
    'the name %j is quoted as one name and one text',
    async (name) => {
      await using database = await openDatabase(':memory:');
      const connection = await database.connect();
      await connection.run(`CREATE TABLE ${quoteIdentifier(name)} AS SELECT ${quoteLiteral(name)} AS v`);
      expect(await connection.rows(`FROM ${quoteIdentifier(name)}`)).toStrictEqual([{ v: name }]);
    },
  );

  test('a name with a NUL character is refused', () => {
    expect(() => quoteIdentifier('a\0b')).toThrow('NUL');
    expect(() => quoteLiteral('a\0b')).toThrow('NUL');
  });

  test('attaching again under an alias shows the new file to views that were there', async () => {
    for (const [name, value] of [
      ['one', 1],
      ['two', 2],
    ] as const) {
      await using database = await openDatabase(join(folder, `${name}.duckdb`));
      await (await database.connect()).run(`CREATE TABLE t AS SELECT ${value} AS v`);
    }
    await using database = await openDatabase(':memory:');
    const connection = await database.connect();
    await attachReadOnly(connection, join(folder, 'one.duckdb'), 'a "b"');
    await connection.run('CREATE VIEW v AS FROM "a ""b""".t');
    await attachReadOnly(connection, join(folder, 'two.duckdb'), 'a "b"');
    expect(await connection.rows('FROM v')).toStrictEqual([{ v: 2 }]);
    await expect(connection.run('INSERT INTO "a ""b""".t VALUES (3)')).rejects.toThrow('read-only');
  });
});
