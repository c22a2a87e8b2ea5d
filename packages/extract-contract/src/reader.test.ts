import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '@agnes/duckdb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { META_DDL, readExtract } from './index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-extract-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function extractOf(sql: string) {
  await using database = await openDatabase(join(folder, 'extract.duckdb'));
  await (await database.connect()).run(sql);
  await database.close();
  return readExtract(folder);
}

test('a folder without extract.duckdb, or with only a temporary one, has no extract', async () => {
  await writeFile(join(folder, 'extract.duckdb.tmp'), '');
  await expect(readExtract(folder)).rejects.toMatchObject({ code: 'extract_missing' });
  await expect(readExtract(join(folder, 'absent'))).rejects.toMatchObject({ code: 'extract_missing' });
  expect(await readExtract(folder, { missing: 'empty' })).toStrictEqual({ tables: [], remoteAttach: [], problems: [] });
});

test('a file that is no database is unreadable, not empty', async () => {
  await writeFile(join(folder, 'extract.duckdb'), Buffer.alloc(20_000, 7));
  await expect(readExtract(folder, { missing: 'empty' })).rejects.toMatchObject({ code: 'extract_unreadable' });
});

test.each([
  ['no _meta', 'CREATE TABLE t AS SELECT 1 AS i'],
  ['a _meta without a column', 'CREATE TABLE _meta (table_name VARCHAR, rows BIGINT)'],
  [
    'a _meta that is a view',
    `CREATE VIEW _meta AS SELECT 't' AS table_name, content AS description, 0 AS rows,
     0 AS size_bytes, now()::TIMESTAMP AS extracted_at, 'local' AS query_mode FROM read_text('/etc/hostname')`,
  ],
])('%s is an invalid extract', async (_case, sql) => {
  await expect(extractOf(sql)).rejects.toMatchObject({ code: 'extract_invalid' });
});

describe('a bad row does not hide the good ones', () => {
  test.each([
    ['a name that is no identifier', `('bad name', NULL, 1, 1, NULL, 'local')`, 'invalid_identifier'],
    ['a name with a line feed', `('good' || chr(10), NULL, 1, 1, NULL, 'local')`, 'invalid_identifier'],
    ["the contract's own name", `('_meta', NULL, 1, 1, NULL, 'local')`, 'invalid_identifier'],
    ['no object of that name', `('nothing', NULL, 1, 1, NULL, 'local')`, 'extract_invalid'],
    ['the same name again', `('GOOD', NULL, 1, 1, NULL, 'local')`, 'extract_invalid'],
    ['an unknown query mode', `('other', NULL, 1, 1, NULL, 'sideways')`, 'extract_invalid'],
  ])('%s', async (_case, row, code) => {
    const extract =
      await extractOf(`${META_DDL}; CREATE TABLE good AS SELECT 1 AS i; CREATE TABLE other AS SELECT 1 AS i;
      INSERT INTO _meta VALUES ('good', NULL, 1, 1, NULL, NULL), ${row}`);
    expect(extract.tables).toMatchObject([{ table_name: 'good', query_mode: 'local' }]);
    expect(extract.problems).toMatchObject([{ code, table: expect.any(String), hint: expect.any(String) }]);
  });

  test('a bad row of _remote_attach', async () => {
    const extract =
      await extractOf(`${META_DDL}; CREATE TABLE _remote_attach (alias VARCHAR, extension VARCHAR, url VARCHAR, token_env VARCHAR);
      INSERT INTO _remote_attach VALUES ('kbc', 'keboola', 'https://example.com', 'API_TOKEN'), ('x"; DROP', 'keboola', 'u', ''),
        ('bq', 'bigquery', 'project=x', NULL), ('y', 'keboola', 'u', 'lower_case')`);
    expect(extract.remoteAttach.map((row) => row.alias)).toStrictEqual(['kbc', 'bq']);
    expect(extract.problems).toHaveLength(2);
  });
});

test('reading runs nothing that the writer wrote', async () => {
  const extract =
    await extractOf(`${META_DDL}; CREATE TABLE t (i INTEGER); CREATE VIEW bomb AS SELECT error('ran') AS e FROM t;
    INSERT INTO _meta VALUES ('bomb', NULL, 1, 1, NULL, 'local')`);
  expect(extract.tables).toMatchObject([
    { table_name: 'bomb', object: 'view', sql: expect.stringContaining('CREATE VIEW') },
  ]);
});
