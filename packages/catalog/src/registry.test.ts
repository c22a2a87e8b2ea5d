import { schema } from '@agnes/state';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { person, publication, ROOT, type TestCatalog, table, testCatalog } from './catalog.test-setup.ts';
import type { Registration, TableDefinition } from './table.ts';

let it: TestCatalog;
const asked: TableDefinition[] = [];

beforeAll(async () => {
  it = await testCatalog({
    connectors: new Map([
      ['local', { validate: (definition: TableDefinition) => void asked.push(definition) }],
      ['jira', { source: 'jira_cloud' }],
      ['keboola', {}],
    ]),
  });
});
afterAll(() => it[Symbol.asyncDispose]());

const by = ROOT.userId;
const code = (expected: string) => expect.objectContaining({ code: expected });

describe('registering', () => {
  test('keeps what was said, fills in the rest and gives an opaque id', async () => {
    const made = await it.catalog.register(
      {
        name: 'Orders',
        source_table: 'orders.csv',
        source_type: 'csv',
        primary_key: ['id'],
        column_types: { id: 'BIGINT' },
      },
      by,
    );
    expect(made).toMatchObject({
      id: expect.stringMatching(/^tbl_[0-9a-z]{26}$/),
      name: 'Orders',
      source: 'local',
      source_type: 'local',
      query_mode: 'local',
      sync_strategy: 'full_refresh',
      primary_key: ['id'],
      column_types: { id: 'BIGINT' },
      registered_by: by,
      last_sync_status: 'never',
      rows: null,
    });
    expect(asked.at(-1)).toMatchObject({ name: 'Orders', source_table: 'orders.csv' });
    expect(await it.catalog.get('ORDERS')).toEqual(made);
    expect(await it.catalog.find(made.id)).toEqual(made);
    expect((await it.state.db.select().from(schema.auditLog)).at(-1)).toMatchObject({
      action: 'table.register',
      resource: `table:${made.id}`,
      user_id: by,
    });
  });

  test('a connector is not asked about a table of an extract that it does not fill', async () => {
    await it.catalog.publish(publication('somebody', [await table(it.blobs, 'left_here')]));
    asked.length = 0;
    const { updated } = await it.catalog.update('left_here', { primary_key: ['id'] }, by);
    expect(updated).toEqual(['primary_key']);
    expect(asked).toEqual([]);
  });

  test('puts a table into the folder of its connector', async () => {
    expect(await it.catalog.register({ name: 'issues', source_type: 'jira' }, by)).toMatchObject({
      source: 'jira_cloud',
    });
  });

  test('refuses a name that is taken in another case, and a name that is an id', async () => {
    const { id } = await it.catalog.get('orders');
    await expect(it.catalog.register({ name: 'oRDERS' }, by)).rejects.toThrow(code('table_exists'));
    await expect(it.catalog.register({ name: id }, by)).rejects.toThrow(code('table_exists'));
  });

  test.each<[string, Partial<Registration>, string]>([
    ['a bad name', { name: 'a b' }, 'invalid_table_name'],
    ['a source type nobody installed', { source_type: 'oracle' }, 'connector_unknown'],
    ['a bad schedule', { sync_schedule: 'sometimes' }, 'invalid_schedule'],
    ['a query that would not be run', { source_query: 'SELECT 1' }, 'invalid_request'],
    ['files that are remote', { query_mode: 'remote' }, 'invalid_request'],
    ['materialized without a query', { source_type: 'jira', query_mode: 'materialized' }, 'invalid_request'],
    ['partitioned, which has no column to part by', { sync_strategy: 'partitioned' }, 'invalid_request'],
    ['an empty key', { primary_key: [] }, 'invalid_request'],
    ['a key that names a column twice', { primary_key: ['id', 'ID'] }, 'invalid_request'],
    ['a type that is none', { column_types: { a: 'FOO' } }, 'invalid_request'],
    ['a type that is more than a type', { column_types: { a: "INT), read_text('/etc/passwd'" } }, 'invalid_request'],
    ['brackets that do not match', { column_types: { a: 'DECIMAL(18,2' } }, 'invalid_request'],
    ['a column of no name', { column_types: { '': 'INT' } }, 'invalid_request'],
    ['a column that is there twice', { column_types: { a: 'INT', A: 'INT' } }, 'invalid_request'],
  ])('refuses %s, before and at registration, and changes nothing', async (_what, input, expected) => {
    const before = await it.catalog.list();
    const registration = { name: 'fresh', source_table: 'x.csv', ...input };
    await expect(it.catalog.precheck(registration)).rejects.toThrow(code(expected));
    await expect(it.catalog.register(registration, by)).rejects.toThrow(code(expected));
    expect(await it.catalog.list()).toEqual(before);
  });

  test('lists what is installed when a source type is not', async () => {
    await expect(it.catalog.precheck({ name: 'x', source_type: 'oracle' })).rejects.toMatchObject({
      hint: 'Use one of: jira, keboola, local.',
    });
  });

  test.each(['DECIMAL(18,2)', 'TIMESTAMP WITH TIME ZONE', 'VARCHAR[]', 'STRUCT(a INTEGER, b VARCHAR[])', 'INTEGER[3]'])(
    'takes the column type %s',
    async (type) => {
      const definition = await it.catalog.precheck({ name: 'typed', column_types: { a: type } });
      expect(definition.column_types).toEqual({ a: type });
    },
  );

  test('a check registers nothing', async () => {
    await it.catalog.precheck({ name: 'only_checked', source_type: 'keboola', query_mode: 'materialized' });
    expect(await it.catalog.find('only_checked')).toBeUndefined();
  });
});

describe('changing', () => {
  test('keeps what is left out, clears what is null and says what differs', async () => {
    await it.catalog.register(
      { name: 'c1', source_table: 'a.csv', description: 'old', sync_schedule: 'every 1h', folder: 'f' },
      by,
    );
    const { table: after, updated } = await it.catalog.update(
      'c1',
      { description: 'new', sync_schedule: null, folder: 'f' },
      by,
    );
    expect(updated.sort()).toEqual(['description', 'sync_schedule']);
    expect(after).toMatchObject({ source_table: 'a.csv', description: 'new', sync_schedule: null, folder: 'f' });
  });

  test('with nothing new changes nothing', async () => {
    const before = await it.catalog.get('c1');
    expect(await it.catalog.update('c1', { name: 'c1' }, by)).toEqual({ table: before, updated: [] });
  });

  test('takes the query away when a table is not materialized any more', async () => {
    await it.catalog.register(
      { name: 'm1', source_type: 'keboola', query_mode: 'materialized', source_query: '{}' },
      by,
    );
    const { table: after } = await it.catalog.update('m1', { query_mode: 'local' }, by);
    expect(after).toMatchObject({ query_mode: 'local', source_query: null });
  });

  test('checks as a registration does, and changes nothing when it refuses', async () => {
    const before = await it.catalog.get('c1');
    await expect(it.catalog.update('c1', { name: 'orders' }, by)).rejects.toThrow(code('table_exists'));
    await expect(it.catalog.update('c1', { name: 'select' }, by)).rejects.toThrow(code('invalid_table_name'));
    await expect(it.catalog.update('c1', { source_type: 'x' }, by)).rejects.toThrow(code('connector_unknown'));
    await expect(it.catalog.update('nope', {}, by)).rejects.toThrow(code('table_not_found'));
    expect(await it.catalog.get('c1')).toEqual(before);
  });

  test('a rename keeps the id, and the data until the source has the new name', async () => {
    const { id } = await it.catalog.register({ name: 'old_name', source_type: 'keboola' }, by);
    await it.catalog.publish(publication('keboola', [await table(it.blobs, 'old_name')]));
    await it.catalog.update('old_name', { name: 'new_name' }, by);
    // The extract still has the old name: it does not come back as a table of its own.
    const stale = await it.catalog.publish(publication('keboola', [await table(it.blobs, 'old_name')]));
    expect(stale).toMatchObject({
      registered: [],
      withdrawn: [],
      refused: [{ name: 'old_name', code: 'publish_refused' }],
    });
    expect(await it.catalog.get('new_name')).toMatchObject({ id, rows: 1 });
    const fresh = await it.catalog.publish(publication('keboola', [await table(it.blobs, 'new_name')]));
    expect(fresh.changed).toMatchObject([{ id, name: 'new_name' }]);
    await it.catalog.update('new_name', { name: 'old_name' }, by);
    expect(
      (await it.catalog.publish(publication('keboola', [await table(it.blobs, 'old_name')]))).changed,
    ).toHaveLength(1);
    await it.catalog.unregister(id, by);
  });

  test('the case of a name can change', async () => {
    expect((await it.catalog.update('c1', { name: 'C1' }, by)).table.name).toBe('C1');
  });
});

describe('unregistering', () => {
  test('takes versions, state, history, files and grants along', async () => {
    const ann = await person(it.access, it.state, 'ann');
    const published = await table(it.blobs, 'going');
    const [blob] = published.parts;
    const files = [{ path: 'a', fingerprint: '1', sha256: blob?.sha256 ?? '', size_bytes: 32, rows: 1 }];
    const { changed } = await it.catalog.publish(publication('erp', [published], { files }));
    const id = changed[0]?.id ?? '';
    await it.access.createGrant({ group_id: 'ann', resource_type: 'table', resource_id: 'going' }, by);
    expect(await it.catalog.readable(ann, 'going')).toMatchObject({ id });
    expect(await it.catalog.blobReadable(ann, blob?.sha256 ?? '')).toBe(true);

    await it.catalog.unregister('going', by);
    await expect(it.catalog.readable(ann, 'going')).rejects.toThrow(code('table_not_found'));
    for (const who of [ann, ROOT]) expect(await it.catalog.blobReadable(who, blob?.sha256 ?? '')).toBe(false);
    expect(await it.access.listGrants()).toEqual([]);
    expect(await it.catalog.currentVersion(id)).toBeUndefined();
    expect((await it.catalog.liveBlobs()).has(blob?.sha256 ?? '')).toBe(false);
    expect((await it.catalog.knownFiles('erp')).size).toBe(0);
    for (const rows of [schema.tableVersions, schema.syncHistory, schema.syncState]) {
      expect((await it.state.db.select().from(rows)).filter((row) => row.table_id === id)).toEqual([]);
    }
    await expect(it.catalog.unregister('going', by)).rejects.toThrow(code('table_not_found'));
  });

  test('keeps the name out until it is registered again, by its name alone', async () => {
    const again = await it.catalog.publish(publication('erp', [await table(it.blobs, 'Going')]));
    expect(again).toMatchObject({ changed: [], refused: [{ code: 'publish_refused' }] });
    expect(again.refused[0]?.hint).toContain('agnes admin register-table Going');

    const back = await it.catalog.register({ name: 'going' }, by);
    expect(back).toMatchObject({ source: 'erp', source_type: 'local' });
    expect((await it.catalog.publish(publication('erp', [await table(it.blobs, 'Going')]))).changed).toMatchObject([
      { id: back.id, name: 'going' },
    ]);
    // What was granted before is not granted now.
    expect(await it.access.listGrants()).toEqual([]);
  });
});

describe('the resource type', () => {
  test('has a block a bucket', async () => {
    await it.catalog.register({ name: 'b1', source_type: 'keboola', bucket: 'in.c-main', description: 'B' }, by);
    const type = it.access.resourceTypes().find(({ key }) => key === 'table');
    const blocks = (await type?.listBlocks()) ?? [];
    expect(blocks.map(({ name }) => name)).toEqual(['(no bucket)', 'in.c-main']);
    expect(blocks[1]?.items).toEqual([
      {
        resource_id: (await it.catalog.get('b1')).id,
        name: 'b1',
        category: 'local',
        source_type: 'keboola',
        description: 'B',
      },
    ]);
  });
});
