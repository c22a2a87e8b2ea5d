import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunningServer, startServer, writeTree } from '@agnes/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Api, apiOf, signIn, sync } from './testing/api.ts';

const PASSWORD = 'a-long-pass-phrase-1';
let server: RunningServer;
let admin: Api;
let analyst: Api;
let peopleId: string;

beforeAll(async () => {
  server = await startServer({ env: { AGNES_ROLE: 'api' } });
  await writeTree(join(server.dataDir, 'files'), {
    'people.csv': `id,name\n${Array.from({ length: 500 }, (_, i) => `${i},name ${i}`).join('\n')}\n`,
    'secret.csv': 'id,salary\n1,100\n',
  });
  admin = await signIn(server.url, server.admin.email, server.admin.password);
  for (const name of ['people', 'secret']) {
    const { status, body } = await admin('registerTable', {
      body: { name, source_type: 'local', source_table: `${name}.csv` },
    });
    expect(status, JSON.stringify(body)).toBe(201);
    if (name === 'people') peopleId = body.id;
  }
  const job = await sync(admin);
  expect(job.body, server.log()).toMatchObject({
    status: 'succeeded',
    outcome: { attempted: 2, changed: 2, failed: [] },
  });
  await admin('createUser', { body: { email: 'ann@example.com', name: 'Ann', password: PASSWORD } });
  await admin('createGroup', { body: { name: 'analysts' } });
  await admin('addMember', { params: { id: 'analysts' }, body: { email: 'ann@example.com' } });
  const { status } = await admin('createGrant', {
    body: { group_id: 'analysts', resource_type: 'table', resource_id: 'people' },
  });
  expect(status).toBe(201);
  analyst = await signIn(server.url, 'ann@example.com', PASSWORD);
});

afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

const partOf = (manifest: Answer, table: string): { sha256: string; bytes: number } =>
  manifest.body.tables[table].parts[0];

describe('the loop over HTTP', () => {
  test('the manifest holds what is granted and nothing else', async () => {
    const manifest = await analyst('syncManifest');
    expect(Object.keys(manifest.body.tables)).toEqual(['people']);
    expect(manifest.body.tables.people).toMatchObject({ rows: 500, distribution: 'files', query_mode: 'local' });
    expect(Object.keys((await admin('syncManifest')).body.tables).sort()).toEqual(['people', 'secret']);
  });

  test('nothing new is a 304, gzipped or not; a publish ends that', async () => {
    for (const encoding of ['identity', 'gzip']) {
      const headers = { 'accept-encoding': encoding };
      const etag = (await analyst('syncManifest', { headers })).headers.get('etag') ?? '';
      expect(etag).not.toBe('');
      const again = await analyst('syncManifest', { headers: { ...headers, 'if-none-match': etag } });
      expect([again.status, again.bytes.length]).toEqual([304, 0]);
    }
    const etag = (await analyst('syncManifest')).headers.get('etag') ?? '';
    await writeFile(join(server.dataDir, 'files', 'people.csv'), 'id,name\n1,only one\n');
    expect((await sync(admin, { tables: ['people'], force: true })).body.status).toBe('succeeded');
    const changed = await analyst('syncManifest', { headers: { 'if-none-match': etag } });
    expect(changed.status).toBe(200);
    expect(changed.body.tables.people.rows).toBe(1);
  });

  test('a part is served whole, in ranges, and not at all when the client has it', async () => {
    const part = partOf(await analyst('syncManifest'), 'people');
    const params = { sha256: part.sha256 };
    const whole = await analyst('getBlob', { params });
    expect(whole.status).toBe(200);
    expect(createHash('sha256').update(whole.bytes).digest('hex')).toBe(part.sha256);
    expect(whole.bytes.length).toBe(part.bytes);
    const range = await analyst('getBlob', { params, headers: { range: 'bytes=4-9' } });
    expect(range.status).toBe(206);
    expect(range.headers.get('content-range')).toBe(`bytes 4-9/${part.bytes}`);
    expect(range.bytes).toEqual(whole.bytes.subarray(4, 10));
    const beyond = await analyst('getBlob', { params, headers: { range: `bytes=${part.bytes}-` } });
    expect([beyond.status, beyond.body.code]).toEqual([416, 'range_not_satisfiable']);
    const etag = whole.headers.get('etag') ?? '';
    expect((await analyst('getBlob', { params, headers: { 'if-none-match': etag } })).status).toBe(304);
    expect(whole.headers.get('content-encoding')).toBeNull();
    const head = await analyst('getBlob', { params, method: 'HEAD' });
    expect([head.status, head.bytes.length, head.headers.get('content-length')]).toEqual([200, 0, String(part.bytes)]);
    const stranger = await apiOf(server.url)('getBlob', { params });
    expect([stranger.status, stranger.body.code]).toEqual([401, 'unauthenticated']);
  });

  test('catalog, schema and sample tell of a granted table', async () => {
    expect((await analyst('catalog')).body.tables).toMatchObject([{ name: 'people', source_type: 'local' }]);
    const schema = await analyst('tableSchema', { params: { id: 'people' } });
    expect(schema.body.columns.map(({ name }: { name: string }) => name)).toEqual(['id', 'name']);
    const sample = await analyst('tableSample', { params: { id: peopleId }, query: { n: '1' } });
    expect(sample.body.rows).toHaveLength(1);
    expect(Object.keys(sample.body.rows[0])).toEqual(['id', 'name']);
  });

  test('a table that is not granted answers exactly as one that does not exist', async () => {
    const secretPart = partOf(await admin('syncManifest'), 'secret').sha256;
    const secretId = (await admin('listRegistry')).body.tables.find((t: { name: string }) => t.name === 'secret').id;
    const forget = ({ status, body }: Answer, ...names: string[]) => {
      const { request_id: _, ...rest } = body;
      return names.reduce((text, name) => text.replaceAll(name, '<name>'), JSON.stringify({ status, rest }));
    };
    for (const operation of ['tableSchema', 'tableSample'] as const) {
      const unknown = forget(await analyst(operation, { params: { id: 'nothing' } }), 'nothing');
      for (const id of ['secret', secretId]) {
        expect(forget(await analyst(operation, { params: { id } }), id)).toBe(unknown);
      }
    }
    const absent = 'ab'.repeat(32);
    const unknown = forget(await analyst('getBlob', { params: { sha256: absent } }), absent);
    expect(unknown).toContain('blob_not_found');
    expect(forget(await analyst('getBlob', { params: { sha256: secretPart } }), secretPart)).toBe(unknown);
    const detailed = await analyst('healthDetailed');
    expect(JSON.stringify(detailed.body)).not.toContain('secret');
    expect(detailed.body.services.data.tables).toBe(1);
  });

  test('a revoked grant and a deactivated account end on the next request', async () => {
    const [grant] = (await admin('listGrants')).body;
    expect((await admin('deleteGrant', { params: { id: grant.id } })).status).toBe(204);
    const part = partOf(await admin('syncManifest'), 'people').sha256;
    expect((await analyst('syncManifest')).body.tables).toEqual({});
    expect((await analyst('getBlob', { params: { sha256: part } })).status).toBe(404);
    await admin('createGrant', { body: { group_id: 'analysts', resource_type: 'table', resource_id: 'people' } });
    expect((await analyst('getBlob', { params: { sha256: part } })).status).toBe(200);
    await admin('deactivateUser', { params: { id: 'ann@example.com' } });
    expect((await analyst('syncManifest')).status).toBe(401);
    await admin('activateUser', { params: { id: 'ann@example.com' } });
    analyst = await signIn(server.url, 'ann@example.com', PASSWORD);
  });
});

describe('bad input', () => {
  const registrations: [string, number, string, unknown][] = [
    ['no name', 422, 'invalid_request', { source_type: 'local' }],
    ['a name that is no text', 422, 'invalid_request', { name: 7 }],
    ['a mode there is none of', 422, 'invalid_request', { name: 'x1', query_mode: 'sideways' }],
    [
      'a name with a quote',
      422,
      'invalid_table_name',
      { name: 'a"b', source_type: 'local', source_table: 'people.csv' },
    ],
    ['a name that is taken', 409, 'table_exists', { name: 'People', source_type: 'local', source_table: 'people.csv' }],
    ['no such connector', 422, 'connector_unknown', { name: 'x2', source_type: 'abacus', source_table: 'x' }],
    [
      'a schedule out of the grammar',
      422,
      'invalid_schedule',
      { name: 'x3', source_type: 'local', source_table: 'people.csv', sync_schedule: 'hourly' },
    ],
  ];

  test.each(registrations)(
    'a registration with %s is refused and changes nothing',
    async (_what, status, code, body) => {
      const before = (await admin('listRegistry')).body;
      const answer = await admin('registerTable', { body });
      expect([answer.status, answer.body.code], JSON.stringify(answer.body)).toEqual([status, code]);
      expect(answer.body.hint).toEqual(expect.any(String));
      expect((await admin('listRegistry')).body).toEqual(before);
    },
  );

  const requests: [string, number, string, Parameters<Api>][] = [
    ['a sync of a table there is none of', 404, 'table_not_found', ['triggerSync', { body: { tables: ['nothing'] } }]],
    ['a sync of something else', 422, 'invalid_request', ['triggerSync', { body: { tables: [1] } }]],
    [
      'a grant to nobody',
      404,
      'group_not_found',
      ['createGrant', { body: { group_id: 'nobody', resource_type: 'table', resource_id: 'people' } }],
    ],
    [
      'a grant of nothing',
      404,
      'table_not_found',
      ['createGrant', { body: { group_id: 'analysts', resource_type: 'table', resource_id: 'nothing' } }],
    ],
    [
      'a grant twice',
      409,
      'grant_exists',
      ['createGrant', { body: { group_id: 'analysts', resource_type: 'table', resource_id: 'people' } }],
    ],
    [
      'a grant of another kind',
      400,
      'unknown_resource_type',
      ['createGrant', { body: { group_id: 'analysts', resource_type: 'planet', resource_id: 'people' } }],
    ],
    [
      'an account twice',
      409,
      'user_exists',
      ['createUser', { body: { email: 'ANN@example.com', password: PASSWORD } }],
    ],
    ['an account without an address', 422, 'invalid_request', ['createUser', { body: { email: 'ann' } }]],
    ['a group twice', 409, 'group_exists', ['createGroup', { body: { name: 'analysts' } }]],
    ['the end of the Admin group', 409, 'system_group', ['deleteGroup', { params: { id: 'Admin' } }]],
    ['the end of one’s own account', 409, 'own_account', ['deactivateUser', { params: { id: 'admin@example.com' } }]],
    ['a sample of -1 rows', 422, 'invalid_request', ['tableSample', { params: { id: 'people' }, query: { n: '-1' } }]],
    ['a blob by no hash', 422, 'invalid_request', ['getBlob', { params: { sha256: 'xyz' } }]],
    ['a job there is none of', 404, 'job_not_found', ['getJob', { params: { id: 'nothing' } }]],
  ];

  test.each(requests)('%s is refused with a hint', async (_what, status, code, call) => {
    const answer = await admin(...call);
    expect([answer.status, answer.body.code], JSON.stringify(answer.body)).toEqual([status, code]);
    expect(answer.body.hint, JSON.stringify(answer.body)).toEqual(expect.any(String));
  });

  test('a file outside the roots never arrives', async () => {
    const before = (await admin('listRegistry')).body.tables.length;
    const answer = await admin('registerTable', {
      body: { name: 'passwd', source_type: 'local', source_table: '/etc/passwd' },
    });
    if (answer.status === 201) {
      const job = await sync(admin, { tables: ['passwd'] });
      expect(job.body.outcome?.failed?.[0]?.code ?? job.body.error?.code).toBe('source_path_refused');
      await admin('unregisterTable', { params: { id: 'passwd' } });
    } else {
      expect([answer.status, answer.body.code]).toEqual([422, 'source_path_refused']);
    }
    expect((await admin('listRegistry')).body.tables).toHaveLength(before);
  });
});

describe('signing in', () => {
  test.each(['Basic YTpi', 'Bearer', 'Bearer a b', 'token'])('a header that is %j: 400', async (authorization) => {
    const answer = await apiOf(server.url)('me', { headers: { authorization } });
    expect([answer.status, answer.body.code]).toEqual([400, 'malformed_request']);
  });

  test('a wrong password and an unknown address answer alike', async () => {
    const api = apiOf(server.url);
    const wrong = await api('signIn', { body: { email: 'ann@example.com', password: 'wrong' } });
    const unknown = await api('signIn', { body: { email: 'nobody@example.com', password: 'wrong' } });
    expect([wrong.status, wrong.body.code]).toEqual([401, 'invalid_credentials']);
    expect([unknown.status, unknown.body.detail, unknown.body.hint]).toEqual([401, wrong.body.detail, wrong.body.hint]);
  });

  test('an access token may read and may not mint; a revoked one is refused', async () => {
    const { body } = await analyst('createToken', { body: { name: 'laptop' } });
    const laptop = apiOf(server.url, body.token);
    expect((await laptop('syncManifest')).status).toBe(200);
    const minted = await laptop('createToken', { body: { name: 'another' } });
    expect([minted.status, minted.body.code]).toEqual([403, 'session_required']);
    await analyst('revokeToken', { params: { id: body.id } });
    expect((await laptop('syncManifest')).status).toBe(401);
  });

  test('what the server logs holds no password and no token', () => {
    expect(server.log()).not.toMatch(/agnes_(ses|pat)_/);
    expect(server.log()).not.toContain(PASSWORD);
    expect(server.log()).not.toContain(server.admin.password);
  });
});

describe('what the server tells of itself', () => {
  test('health, version and the OpenAPI document, without signing in', async () => {
    const api = apiOf(server.url);
    expect((await api('health')).body).toMatchObject({ status: 'ok', db_schema: 'ok' });
    expect((await api('liveness')).status).toBe(200);
    expect((await api('readiness')).status).toBe(200);
    expect((await api('version')).body.schema_version).toMatch(/^\d{4}/);
    const { body } = await api('openapi');
    expect(body.paths['/api/sync/manifest'].get.operationId).toBe('syncManifest');
    expect((await api('healthDetailed')).status).toBe(401);
    expect((await admin('healthDetailed')).body).toMatchObject({
      services: { duckdb_state: { status: 'ok' }, data: { tables: 2, total_rows: 2 }, users: { count: 2 } },
    });
  });
});
