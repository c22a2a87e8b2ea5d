import { mkdir, mkdtemp, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyToParquet, openDatabase } from '@agnes/duckdb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ExtractWriter, META_DDL, openExtractWriter, REMOTE_ATTACH_DDL, readExtract } from './index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-extract-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function write(use: (writer: ExtractWriter) => Promise<void>, options = {}): Promise<void> {
  await using writer = await openExtractWriter(folder, options);
  await use(writer);
}

/** Runs SQL on the finished extract as a reader would, from another database. */
async function query(sql: string) {
  await using database = await openDatabase(join(folder, 'extract.duckdb'), { readOnly: true });
  return (await database.connect()).rows(sql);
}

const filesOf = async (table: string) => (await readdir(join(folder, 'data', table))).sort();
const names = async () => (await readExtract(folder)).tables.map((table) => table.table_name).sort();

describe('writing', () => {
  test('a table is its rows in order, a view over absolute paths, and one row of _meta', async () => {
    const before = Date.now();
    await write(async (writer) => {
      await writer.connection.run('CREATE TABLE t AS SELECT range AS i FROM range(1000)');
      const written = await writer.writeTable({
        name: 'orders',
        select: 'FROM t ORDER BY i DESC',
        description: "It's",
      });
      expect(written).toMatchObject({ rows: 1000, parts: 1 });
      expect(writer.pending('ORDERS')).toStrictEqual(written);
      await writer.commit();
    });
    const extract = await readExtract(folder);
    expect(extract.problems).toStrictEqual([]);
    expect(extract.remoteAttach).toStrictEqual([]);
    const [table] = extract.tables;
    expect(table).toMatchObject({
      table_name: 'orders',
      description: "It's",
      rows: 1000,
      query_mode: 'local',
      object: 'view',
    });
    expect(table?.extracted_at?.getTime()).toBeGreaterThanOrEqual(before);
    expect(table?.extracted_at?.getTime()).toBeLessThanOrEqual(Date.now());
    expect(table?.parts).toMatchObject([{ rows: 1000, size_bytes: table?.size_bytes, sha256: null }]);
    expect(table?.parts[0]?.path.startsWith(join(folder, 'data', 'orders'))).toBe(true);
    expect(await query('SELECT i FROM orders LIMIT 2')).toStrictEqual([{ i: 999 }, { i: 998 }]);
    expect(await readdir(folder)).toStrictEqual(['.lock', 'data', 'extract.duckdb']);
  });

  test('the columns of _meta and _parts stand in the order of the contract', async () => {
    await write(async (writer) => {
      await writer.writeTable({ name: 'a', select: 'SELECT 1 AS i' });
      await writer.commit();
    });
    const columns = (table: string) =>
      query(
        `SELECT string_agg(column_name, ' ' ORDER BY ordinal_position) AS c FROM information_schema.columns WHERE table_name = '${table}'`,
      );
    expect(await columns('_meta')).toStrictEqual([
      { c: 'table_name description rows size_bytes extracted_at query_mode' },
    ]);
    expect(await columns('_parts')).toStrictEqual([{ c: 'table_name path rows size_bytes sha256 partition_key' }]);
  });

  test('a large table has several parts that read in order', async () => {
    await write(
      async (writer) => {
        const written = await writer.writeTable({
          name: 't',
          select: 'SELECT i, md5(i::VARCHAR) m FROM range(400000) t(i)',
        });
        expect(written.parts).toBeGreaterThan(2);
        await writer.commit();
      },
      { partBytes: 1_000_000 },
    );
    expect(
      await query(
        'SELECT count(*) AS n, count(*) FILTER (i <> r) AS moved FROM (SELECT i, row_number() OVER () - 1 AS r FROM t)',
      ),
    ).toStrictEqual([{ n: 400_000, moved: 0 }]);
  });

  test('nothing is visible before the commit, and nothing remains without one', async () => {
    await write(async (writer) => {
      await writer.writeTable({ name: 'a', select: 'SELECT 1 AS i' });
      expect(await filesOf('a')).toHaveLength(1);
    });
    expect(await filesOf('a')).toStrictEqual([]);
    await expect(readExtract(folder)).rejects.toMatchObject({ code: 'extract_missing' });
  });

  test('parquet files are copied byte by byte', async () => {
    const paths = [join(folder, 'one.parquet'), join(folder, 'two.parquet')];
    await using database = await openDatabase(':memory:');
    const connection = await database.connect();
    for (const [index, path] of paths.entries()) await copyToParquet(connection, `SELECT ${index} AS i`, path);
    await write(async (writer) => {
      await writer.writeTable({ name: 't', files: paths });
      await writer.commit();
    });
    const [table] = (await readExtract(folder)).tables;
    for (const [index, part] of (table?.parts ?? []).entries()) {
      expect(await readFile(part.path)).toStrictEqual(await readFile(paths[index] ?? ''));
    }
    expect(await query('FROM t')).toStrictEqual([{ i: 0 }, { i: 1 }]);
  });

  test('earlier parts can be kept before new ones', async () => {
    await write(async (writer) => {
      await writer.writeTable({ name: 't', select: 'SELECT 1 AS i', partitionKey: '2024-01' });
      await writer.commit();
      await writer.writeTable({
        name: 'T',
        keep: await writer.parts('t'),
        select: 'SELECT 2 AS i',
        partitionKey: '2024-02',
      });
      await writer.commit();
    });
    expect(await query('FROM t')).toStrictEqual([{ i: 1 }, { i: 2 }]);
    const [table] = (await readExtract(folder)).tables;
    expect(table?.parts.map((part) => part.partition_key)).toStrictEqual(['2024-01', '2024-02']);
    expect(table).toMatchObject({ table_name: 'T', rows: 2 });
  });

  test.each([
    ['a name that is no identifier', { name: 'a-b', select: 'SELECT 1 AS i' }, 'invalid_identifier'],
    ['a name of the contract', { name: '_Meta', select: 'SELECT 1 AS i' }, 'invalid_identifier'],
    ['a column that parquet cannot hold', { name: 't', select: 'SELECT union_value(a := 1) AS u' }, 'publish_refused'],
    ['a file that is not there', { name: 't', files: ['/nowhere/x.parquet'] }, 'source_file_not_found'],
    ['a file that is no parquet', { name: 't', files: [import.meta.filename] }, 'extract_invalid'],
  ])('%s is refused, and the table keeps what it had', async (_case, table, code) => {
    await write(async (writer) => {
      await writer.writeTable({ name: 't', select: 'SELECT 1 AS i' });
      await writer.commit();
      const before = await filesOf('t');
      await expect(writer.writeTable(table)).rejects.toMatchObject({ code });
      await writer.commit();
      expect(await filesOf('t')).toStrictEqual(before);
    });
    expect(await query('FROM t')).toStrictEqual([{ i: 1 }]);
  });

  test('parts with other columns, and parts of elsewhere, are refused', async () => {
    await write(async (writer) => {
      await writer.writeTable({ name: 't', select: 'SELECT 1 AS i' });
      await writer.commit();
      const keep = await writer.parts('t');
      await expect(writer.writeTable({ name: 't', keep, select: 'SELECT 1.5 AS i' })).rejects.toMatchObject({
        code: 'extract_invalid',
        message: expect.stringContaining('different columns'),
      });
      const [part] = keep;
      if (part === undefined) throw new Error('There is a part.');
      await expect(
        writer.writeTable({ name: 't', keep: [{ ...part, path: join(folder, 'data', '..', 'x.parquet') }] }),
      ).rejects.toMatchObject({ code: 'extract_invalid' });
    });
  });
});

describe('tables that a run does not touch', () => {
  test('keep their row, view and time', async () => {
    await write(async (writer) => {
      await writer.writeTable({ name: 'a', select: 'SELECT 1 AS i' });
      await writer.writeTable({ name: 'b', select: 'SELECT 1 AS i' });
      await writer.commit();
    });
    const before = (await readExtract(folder)).tables.find((table) => table.table_name === 'a');
    await write(async (writer) => {
      await writer.writeTable({ name: 'b', select: 'SELECT 2 AS i' });
      await writer.writeTable({ name: 'a', select: 'SELECT 3 AS i' });
      await writer.failTable('a');
      await writer.commit();
    });
    const after = (await readExtract(folder)).tables;
    expect(after.find((table) => table.table_name === 'a')).toStrictEqual(before);
    expect(await query('SELECT a.i AS a, b.i AS b FROM a, b')).toStrictEqual([{ a: 1, b: 2 }]);
  });

  test('come along when something else wrote them: views, plain tables, remote rows, remote attachments', async () => {
    await mkdir(join(folder, 'data', 'parted'), { recursive: true });
    {
      await using database = await openDatabase(join(folder, 'extract.duckdb'));
      const connection = await database.connect();
      const files = ['2024-01', '2024-02'].map((month) => join(folder, 'data', 'parted', `${month}.parquet`));
      for (const file of files) await copyToParquet(connection, 'SELECT 1 AS i', file);
      await connection.run(`${META_DDL}; ${REMOTE_ATTACH_DDL};
        CREATE TABLE plain AS SELECT 7 AS i;
        CREATE VIEW parted AS SELECT * FROM read_parquet('${join(folder, 'data', 'parted')}/*.parquet');
        INSERT INTO _remote_attach VALUES ('bq', 'bigquery', 'project=x', '');
        INSERT INTO _meta VALUES ('plain', NULL, 1, 0, TIMESTAMP '2024-01-02 03:04:05', 'local'),
          ('parted', 'By month', 2, 10, TIMESTAMP '2024-01-02 03:04:05', 'local')`);
    }
    await write(
      async (writer) => {
        await writer.writeTable({ name: 'new_one', select: 'SELECT 1 AS i' });
        await writer.commit();
      },
      { gracePeriodMs: 0 },
    );
    const extract = await readExtract(folder);
    expect(await names()).toStrictEqual(['new_one', 'parted', 'plain']);
    expect(extract.remoteAttach).toStrictEqual([
      { alias: 'bq', extension: 'bigquery', url: 'project=x', token_env: '' },
    ]);
    expect(extract.tables.find((table) => table.table_name === 'plain')).toMatchObject({
      object: 'table',
      extracted_at: new Date('2024-01-02T03:04:05Z'),
    });
    expect(await query('SELECT (SELECT count(*) FROM parted) AS p, (SELECT i FROM plain) AS t')).toStrictEqual([
      { p: 2, t: 7 },
    ]);
  });

  test('are not lost with an extract that cannot be read', async () => {
    await writeFile(
      join(folder, 'extract.duckdb'),
      'this is no database, and it is long enough to be looked at'.repeat(100),
    );
    await write(async (writer) => {
      await writer.writeTable({ name: 'a', select: 'SELECT 1 AS i' });
      await expect(writer.commit()).rejects.toMatchObject({ code: 'extract_unreadable' });
    });
    expect(await readdir(folder)).toStrictEqual(['.lock', 'data', 'extract.duckdb']);
    expect(await readFile(join(folder, 'extract.duckdb'), 'utf8')).toContain('no database');
  });

  test('are all there after several writers at once', async () => {
    await Promise.all(
      ['a', 'b', 'c', 'd', 'e'].map((name) =>
        write(async (writer) => {
          await writer.writeTable({ name, select: 'SELECT 1 AS i' });
          await writer.commit();
        }),
      ),
    );
    expect(await names()).toStrictEqual(['a', 'b', 'c', 'd', 'e']);
  });
});

test('a dropped table leaves, whatever its spelling', async () => {
  await write(async (writer) => {
    await writer.writeTable({ name: 'Orders', select: 'SELECT 1 AS i' });
    await writer.writeTable({ name: 'kept', select: 'SELECT 1 AS i' });
    await writer.commit();
    await writer.dropTable('orders');
    await writer.commit();
  });
  expect(await names()).toStrictEqual(['kept']);
  await expect(query('FROM orders')).rejects.toThrow('does not exist');
});

describe('old files', () => {
  const rewrite = (gracePeriodMs: number) =>
    write(
      async (writer) => {
        await writer.writeTable({ name: 't', select: 'SELECT random() AS r' });
        await writer.commit();
      },
      { gracePeriodMs },
    );

  test('stay while somebody may be reading them, then go', async () => {
    await rewrite(3_600_000);
    await rewrite(3_600_000);
    expect(await filesOf('t')).toHaveLength(2);
    await rewrite(0);
    expect(await filesOf('t')).toHaveLength(1);
    expect(await query('FROM t')).toHaveLength(1);
  });

  test('that a view still names stay, whatever is wrong with its table', async () => {
    await rewrite(0);
    await using database = await openDatabase(join(folder, 'extract.duckdb'));
    await (await database.connect()).run(
      "DELETE FROM _meta; DELETE FROM _parts; INSERT INTO _meta (table_name) VALUES ('1')",
    );
    await database.close();
    await write(
      async (writer) => {
        await writer.writeTable({ name: 'other', select: 'SELECT 1 AS i' });
        await writer.commit();
      },
      { gracePeriodMs: 0 },
    );
    expect(await query('FROM t')).toHaveLength(1);
  });

  test('of a folder that was moved stay', async () => {
    await rewrite(0);
    const moved = join(folder, 'moved');
    await mkdir(moved);
    for (const name of ['extract.duckdb', 'data']) await rename(join(folder, name), join(moved, name));
    await using writer = await openExtractWriter(moved, { gracePeriodMs: 0 });
    await writer.writeTable({ name: 'other', select: 'SELECT 1 AS i' });
    await writer.commit();
    expect(await readdir(join(moved, 'data', 't'))).toHaveLength(1);
  });

  test('of a killed writer go, and files of anybody else stay', async () => {
    await rewrite(0);
    const left = [
      'extract.duckdb.0123456789ab.tmp',
      'extract.duckdb.0123456789ab.tmp.wal',
      join('data', 't', 'wmabc123450123456789-1-0.parquet'),
    ];
    const foreign = ['notes.txt', join('data', 't', '2024-01.parquet'), join('data', 'other.parquet')];
    for (const name of [...left, ...foreign]) {
      await writeFile(join(folder, name), 'x');
      await utimes(join(folder, name), 0, 0);
    }
    await mkdir(join(folder, '.tmp-wmabc123450123456789'));
    await utimes(join(folder, '.tmp-wmabc123450123456789'), 0, 0);
    await rewrite(60_000);
    expect((await readdir(folder)).sort()).toStrictEqual(['.lock', 'data', 'extract.duckdb', 'notes.txt']);
    expect((await readdir(join(folder, 'data'))).sort()).toStrictEqual(['other.parquet', 't']);
    expect((await filesOf('t')).filter((name) => !name.startsWith('w'))).toStrictEqual(['2024-01.parquet']);
    expect(await filesOf('t')).toHaveLength(3);
  });

  test('a stale write-ahead log is not replayed over the new extract', async () => {
    await rewrite(0);
    await writeFile(join(folder, 'extract.duckdb.wal'), '');
    await rewrite(0);
    expect(await readdir(folder)).toStrictEqual(['.lock', 'data', 'extract.duckdb']);
    expect(await query('FROM t')).toHaveLength(1);
  });
});
