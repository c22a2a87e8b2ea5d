import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, openDatabase } from '@agnes/duckdb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Check, checkConnector, checkExtract, formatChecks } from './conformance.ts';
import { META_DDL, openExtractWriter, REMOTE_ATTACH_DDL } from './index.ts';

const TOKEN = 'a-token-of-some-length';
const FIXTURE = join(import.meta.dirname, '..', 'fixtures', 'careless-connector.ts');

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'agnes-conformance-test-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function writeDatabase(path: string, build: (connection: Connection) => Promise<unknown>): Promise<string> {
  await using database = await openDatabase(path);
  await using connection = await database.connect();
  await build(connection);
  await connection.run('CHECKPOINT');
  return path;
}

const plain = (names: readonly string[]) => async (connection: Connection) => {
  await connection.run(META_DDL);
  for (const name of names) {
    await connection.run(`CREATE TABLE ${name} AS SELECT i FROM range(3) r(i)`);
    await connection.run(`INSERT INTO _meta VALUES ('${name}', NULL, 3, 0, '2026-01-02', 'local')`);
  }
};

const failures = (checks: readonly Check[]) =>
  checks.filter((check) => check.outcome === 'failed').map((check) => check.name);

describe('a connector', () => {
  let both: string;
  let one: string;
  beforeAll(async () => {
    both = await writeDatabase(join(root, 'both.duckdb'), plain(['a', 'b']));
    one = await writeDatabase(join(root, 'one.duckdb'), plain(['a']));
  });

  test.concurrent.for([
    ['that is careful passes', undefined, []],
    ['that prints', 'chatty', ['first run: standard output has messages only']],
    [
      'that miscounts',
      'miscounts',
      ['first run: the last message is done, with true counts', 'first run: the exit code agrees'],
    ],
    ['that tells its token', 'leaky', ['secrets: none in what it says']],
    ['that ends well whatever happens', 'always well', ['a failing table: the exit code agrees']],
    ['that loses tables it was not asked for', 'forgetful', ['a part of the tables: the others stay']],
    ['that keeps what was dropped', 'ignores drop', ['drop: the table leaves the extract']],
    [
      'that writes in place',
      'tears',
      ['run again: readers see a whole extract all the time', 'kill: the old extract stays whole'],
    ],
  ] as const)('%s', async ([, fault, expected]) => {
    const checks = await checkConnector({
      subject: { command: [process.execPath, FIXTURE] },
      config: { both, one, fault },
      tables: [{ name: 'a' }, { name: 'b' }],
      environment: { FIXTURE_TOKEN: TOKEN },
      kills: 1,
    });
    const found = failures(checks);
    if (expected.length === 0) expect(found, formatChecks(checks)).toStrictEqual([]);
    else expect(found, formatChecks(checks)).toEqual(expect.arrayContaining([expected[0]]));
    for (const check of checks) if (check.outcome === 'failed') expect(check.hint, check.name).toBeTruthy();
  });

  test('that cannot be started is one failure', async () => {
    const subject = { command: ['agnes-no-such-command'] as const };
    const checks = await checkConnector({ subject, tables: [{ name: 'a' }] });
    expect(checks).toMatchObject([
      { name: 'first run', outcome: 'failed', message: expect.stringContaining('ENOENT') },
    ]);
  });
});

describe('a folder', () => {
  test('that our writer wrote passes', async () => {
    const folder = join(root, 'well');
    {
      await using writer = await openExtractWriter(folder);
      await writer.writeTable({ name: 'orders', select: "SELECT 1 AS id, DATE '2026-01-02' AS day" });
      await writer.commit();
    }
    const checks = await checkExtract(folder, { secrets: { TOKEN } });
    expect(failures(checks), formatChecks(checks)).toStrictEqual([]);
  });

  test('that is not there, or empty, fails with what to do', async () => {
    const checks = await checkExtract(join(root, 'nowhere'));
    expect(failures(checks)).toContain('extract.duckdb: a database with a readable _meta');
    await mkdir(join(root, 'no source'), { recursive: true });
    expect(failures(await checkExtract(join(root, 'no source')))).toStrictEqual([
      'folder: named as a source',
      'layout: extract.duckdb and files, no links',
      'extract.duckdb: a database with a readable _meta',
    ]);
  });

  test.for([
    [
      'columns in another order',
      '_meta: columns, their order and types',
      'CREATE TABLE _meta (description VARCHAR, table_name VARCHAR, rows BIGINT, size_bytes BIGINT, extracted_at TIMESTAMP, query_mode VARCHAR)',
    ],
    [
      'another type',
      '_meta: columns, their order and types',
      'CREATE TABLE _meta (table_name VARCHAR, description VARCHAR, rows INTEGER, size_bytes BIGINT, extracted_at TIMESTAMP, query_mode VARCHAR)',
    ],
    [
      '_remote_attach of another shape',
      '_remote_attach: columns, their order and types',
      `${META_DDL}; CREATE TABLE _remote_attach (alias VARCHAR, url VARCHAR, extension VARCHAR, token_env VARCHAR)`,
    ],
    [
      'a token for the name of a variable',
      'objects: each row of _meta can be read, from the files of its folder alone',
      `${META_DDL}; ${REMOTE_ATTACH_DDL}; INSERT INTO _remote_attach VALUES ('k', 'keboola', 'https://example.com', '${TOKEN}')`,
    ],
    [
      'a name that is none',
      'names: strict identifiers',
      `${META_DDL}; INSERT INTO _meta VALUES ('a b', NULL, 0, 0, '2026-01-02', 'local')`,
    ],
    [
      'a row without its object',
      'objects: each row of _meta can be read, from the files of its folder alone',
      `${META_DDL}; INSERT INTO _meta VALUES ('gone', NULL, 0, 0, '2026-01-02', 'local')`,
    ],
    [
      'a view over files elsewhere',
      'objects: each row of _meta can be read, from the files of its folder alone',
      `${META_DDL}; CREATE VIEW x AS SELECT * FROM read_text('${FIXTURE}'); INSERT INTO _meta VALUES ('x', NULL, 1, 0, '2026-01-02', 'local')`,
    ],
    [
      'a count that is not true',
      'rows: as many as _meta says',
      `${META_DDL}; CREATE TABLE x AS SELECT 1 AS i; INSERT INTO _meta VALUES ('x', NULL, 2, 0, '2026-01-02', 'local')`,
    ],
    [
      'a type that parquet has not',
      'types: what parquet holds',
      `${META_DDL}; CREATE TABLE x AS SELECT union_value(num := 1) AS i; INSERT INTO _meta VALUES ('x', NULL, 1, 0, '2026-01-02', 'local')`,
    ],
    [
      'an extraction in the future',
      'extracted_at: set, and not in the future',
      `${META_DDL}; CREATE TABLE x AS SELECT 1 AS i; INSERT INTO _meta VALUES ('x', NULL, 1, 0, '2999-01-02', 'local')`,
    ],
    [
      'a secret in a comment',
      'secrets: none in the files',
      `${META_DDL}; CREATE TABLE x AS SELECT 1 AS i; COMMENT ON TABLE x IS '${TOKEN}'; INSERT INTO _meta VALUES ('x', NULL, 1, 0, '2026-01-02', 'local')`,
    ],
  ] as const)('with %s fails', async ([what, expected, sql]) => {
    const folder = join(root, what.replaceAll(' ', '_'));
    await mkdir(folder);
    await writeDatabase(join(folder, 'extract.duckdb'), (connection) => connection.run(sql));
    const checks = await checkExtract(folder, { secrets: { TOKEN } });
    expect(failures(checks), formatChecks(checks)).toContain(expected);
  });

  test('with a link fails', async () => {
    const folder = join(root, 'linked');
    await mkdir(join(folder, 'data'), { recursive: true });
    await writeDatabase(join(folder, 'extract.duckdb'), plain(['a']));
    await writeFile(join(root, 'elsewhere'), '');
    await symlink(join(root, 'elsewhere'), join(folder, 'data', 'x.parquet'));
    expect(failures(await checkExtract(folder))).toStrictEqual(['layout: extract.duckdb and files, no links']);
  });
});
