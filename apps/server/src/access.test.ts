import { schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Answer, type Api, apiOf, type Call, type OperationId, signIn } from './testing/api.ts';
import { ADMIN, type ServerWithParts, startWithParts } from './testing/server-parts.ts';

const PASSWORD = 'a-long-pass-phrase-1';
let server: ServerWithParts;
let admin: Api;
let files: Record<string, string>;

interface Analyst {
  readonly email: string;
  /** By an access token. */
  readonly api: Api;
  readonly session: Api;
}
let theAnalyst: Analyst;

beforeAll(async () => {
  server = await startWithParts();
  server.parts.access.setPolicyValidator(async () => {});
  admin = await signIn(server.url, ADMIN.email, ADMIN.password);
  files = await server.publish({ orders: 3, secret: 5 });
  theAnalyst = await newAnalyst('ann@example.com');
});
afterAll(() => server?.[Symbol.asyncDispose]());

async function newAnalyst(email: string): Promise<Analyst> {
  await ok('createUser', { body: { email, name: 'Ann', password: PASSWORD } });
  const session = await signIn(server.url, email, PASSWORD);
  const { body } = await session('createToken', { body: { name: 'laptop' } });
  return { email, session, api: apiOf(server.url, body.token) };
}

/** Makes a person an analyst: in a group of their own that is granted `orders`. */
async function admit(who: string): Promise<void> {
  email = who;
  group = (await ok('createGroup', { body: { name: `analysts of ${who}` } })).body.id;
  await ok('addMember', { params: { id: group }, body: { email: who } });
  grantId = (await grant('orders')).body.id;
}

let ann: Api;
let email: string;
let group: string;
let grantId: string;
beforeEach(async () => {
  ann = theAnalyst.api;
  await admit(theAnalyst.email);
});
afterEach(async () => {
  await admin('deleteGroup', { params: { id: group } });
});

async function ok(id: OperationId, call: Call = {}): Promise<Answer> {
  const answer = await admin(id, call);
  if (answer.status >= 400) throw new Error(`${id}: ${JSON.stringify(answer.body)}`);
  return answer;
}
const grant = (name: string) =>
  ok('createGrant', { body: { group_id: group, resource_type: 'table', resource_id: name } });
const limit = (row_filter = 'id = 1') =>
  ok('createPolicy', { body: { table_id: 'orders', group_id: group, row_filter } });
const viewing = () => ({ headers: { 'x-agnes-view-as': email } });

/** Every door that exists to the rows, files or facts of `orders`: `all`, `part`, `none`, or the status of a refusal. */
const DOORS: Readonly<Record<string, (api: Api) => Promise<string | number>>> = {
  manifest: async (api) => {
    const { status, body } = await api('syncManifest');
    if (status !== 200) return status;
    const entry = body.tables.orders;
    if (entry === undefined) return 'none';
    return entry.parts.length > 0 && entry.rows === 3 ? 'all' : 'part';
  },
  catalog: async (api) => {
    const { status, body } = await api('catalog');
    if (status !== 200) return status;
    const entry = body.tables.find(({ name }: { name: string }) => name === 'orders');
    return entry === undefined ? 'none' : entry.rows === 3 ? 'all' : 'part';
  },
  'catalog in short': async (api) => {
    const { status, body } = await api('catalogTables');
    if (status !== 200) return status;
    return body.tables.some(({ name }: { name: string }) => name === 'orders') ? 'named' : 'none';
  },
  schema: async (api) => {
    const { status } = await api('tableSchema', { params: { id: 'orders' } });
    return status === 200 ? 'named' : status === 404 ? 'none' : status;
  },
  file: async (api) => {
    const { status } = await api('getBlob', { params: { sha256: files.orders ?? '' } });
    return status === 200 ? 'all' : status === 404 ? 'none' : status;
  },
  'effective access': async (api) => {
    const { status, body } = await api('myAccess');
    if (status !== 200) return status;
    const entry = body.items.find(({ resource_name }: { resource_name: string }) => resource_name === 'orders');
    return entry === undefined ? 'none' : entry.restricted ? 'part' : 'all';
  },
};

const everyDoor = async (api: Api) =>
  Object.fromEntries(
    await Promise.all(Object.entries(DOORS).map(async ([name, open]) => [name, await open(api)] as const)),
  );
const ALL = {
  ...{ manifest: 'all', catalog: 'all', file: 'all', 'effective access': 'all' },
  ...{ 'catalog in short': 'named', schema: 'named' },
};
const PART = { ...ALL, manifest: 'part', catalog: 'part', 'effective access': 'part', file: 'none' };
const NONE = Object.fromEntries(Object.keys(DOORS).map((name) => [name, 'none']));
const OUT = Object.fromEntries(Object.keys(DOORS).map((name) => [name, 401]));

describe('is effective on the very next request, on every door:', () => {
  test.each<[string, () => Promise<unknown>, object]>([
    ['a revoked grant', () => ok('deleteGrant', { params: { id: grantId } }), NONE],
    ['a membership taken back', () => ok('removeMember', { params: { id: group, user_id: email } }), NONE],
    ['a deleted group', () => ok('deleteGroup', { params: { id: group } }), NONE],
    ['a new policy', () => limit(), PART],
  ])('%s', async (_name, change, after) => {
    expect(await everyDoor(ann)).toEqual(ALL);
    await change();
    expect(await everyDoor(ann)).toEqual(after);
  });

  test('an account that is made administrator, deactivated, activated and deleted', async () => {
    await ok('deleteGroup', { params: { id: group } });
    const { api } = await newAnalyst('bo@example.com');
    await admit('bo@example.com');
    expect(await everyDoor(api)).toEqual(ALL);
    await limit();
    expect(await everyDoor(api)).toEqual(PART);
    await ok('addMember', { params: { id: 'Admin' }, body: { email } });
    expect(await everyDoor(api)).toEqual(ALL);
    await ok('removeMember', { params: { id: 'Admin', user_id: email } });
    expect(await everyDoor(api)).toEqual(PART);
    await ok('deactivateUser', { params: { id: email } });
    expect(await everyDoor(api)).toEqual(OUT);
    await ok('activateUser', { params: { id: email } });
    expect((await admin('catalog', viewing())).status).toBe(200);
    await ok('deleteUser', { params: { id: email } });
    expect(await everyDoor(api)).toEqual(OUT);
    expect((await admin('catalog', viewing())).body.code).toBe('user_not_found');
  });

  test('a policy that goes, and a second group without one', async () => {
    const { id } = (await limit()).body;
    expect(await everyDoor(ann)).toEqual(PART);
    const everyone = (
      await ok('createGrant', { body: { group_id: 'Everyone', resource_type: 'table', resource_id: 'orders' } })
    ).body;
    expect(await everyDoor(ann)).toEqual(ALL);
    await ok('deleteGrant', { params: { id: everyone.id } });
    expect(await everyDoor(ann)).toEqual(PART);
    await ok('deletePolicy', { params: { id } });
    expect(await everyDoor(ann)).toEqual(ALL);
  });

  test('a revoked access token', async () => {
    const { body } = await theAnalyst.session('createToken', { body: { name: 'another' } });
    const byToken = apiOf(server.url, body.token);
    expect(await everyDoor(byToken)).toEqual(ALL);
    await ok('revokeAnyToken', { params: { id: body.id } });
    expect(await everyDoor(byToken)).toEqual(OUT);
    expect(await everyDoor(ann)).toEqual(ALL);
  });

  test('a changed policy gives the manifest another ETag, and a client that asks with the old one the new list', async () => {
    const { id } = (await limit()).body;
    const etag = (await ann('syncManifest')).headers.get('etag') ?? '';
    const again = () => ann('syncManifest', { headers: { 'if-none-match': etag } });
    expect((await again()).status).toBe(304);
    await ok('updatePolicy', { params: { id }, body: { row_filter: 'id = 2' } });
    expect((await again()).status).toBe(200);
  });
});

describe('an administrator who looks as somebody', () => {
  test('sees what that person sees, and no more', async () => {
    await limit();
    for (const id of ['syncManifest', 'catalog', 'catalogTables', 'myAccess'] as const) {
      const [theirs, seen] = [await ann(id), await admin(id, viewing())];
      for (const answer of [theirs, seen]) delete answer.body.server_time;
      expect(seen.body, id).toEqual(theirs.body);
    }
    expect((await admin('me', viewing())).body).toMatchObject({ email, is_admin: false });
    expect((await admin('tableSchema', { params: { id: 'orders' }, ...viewing() })).status).toBe(200);
    expect((await admin('tableSchema', { params: { id: 'secret' }, ...viewing() })).body.code).toBe('table_not_found');
    expect((await admin('tableSchema', { params: { id: 'secret' } })).status).toBe(200);
  });

  test('is audited each time, with the operation', async () => {
    const userId: string = (await ann('me')).body.user_id;
    await admin('catalog', viewing());
    await admin('syncManifest', { headers: { 'x-agnes-view-as': userId } });
    const rows = await server.parts.state.db
      .select()
      .from(schema.auditLog)
      .where(eq(schema.auditLog.resource, `user:${userId}`));
    const looks = rows
      .filter(({ action }) => action === 'access.view_as')
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .slice(-2);
    expect(looks).toMatchObject(
      ['catalog', 'syncManifest'].map((operation) => ({
        params: { operation },
        ip: '127.0.0.1',
        credential_id: expect.any(String),
      })),
    );
  });

  test.each<[OperationId, Call]>([
    ['getBlob', { params: { sha256: '0'.repeat(64) } }],
    ['createToken', { body: { name: 'x' } }],
    ['listTokens', {}],
    ['createGroup', { body: { name: 'x' } }],
    ['listGroups', {}],
    ['listJobs', {}],
  ])('cannot do so in %s', async (id, call) => {
    const { status, body } = await admin(id, { ...call, ...viewing() });
    expect([status, body.code]).toEqual([403, 'view_as_refused']);
  });

  test('must name a person who can come in', async () => {
    for (const [person, code] of [
      ['ghost@example.com', 'user_not_found'],
      ['', 'user_not_found'],
      ['%00', 'user_not_found'],
    ]) {
      expect((await admin('catalog', { headers: { 'x-agnes-view-as': person ?? '' } })).body.code, person).toBe(code);
    }
    await ok('createUser', { body: { email: 'gone@example.com' } });
    await ok('deactivateUser', { params: { id: 'gone@example.com' } });
    const gone = await admin('catalog', { headers: { 'x-agnes-view-as': 'gone@example.com' } });
    expect(gone.body.code).toBe('view_as_refused');
  });

  test('is one, with a session or a token that may do everything', async () => {
    expect((await ann('catalog', viewing())).body.code).toBe('view_as_refused');
    for (const [scope, status] of [
      ['general', 200],
      ['pull', 403],
      ['read', 403],
    ] as const) {
      const { body } = await admin('createToken', { body: { name: scope, scope } });
      const answer = await apiOf(server.url, body.token)('catalog', viewing());
      expect(answer.status, scope).toBe(status);
    }
    const scheduler = apiOf(server.url, server.parts.schedulerToken);
    expect((await scheduler('catalog', viewing())).status).toBe(403);
    expect((await apiOf(server.url)('catalog', viewing())).status).toBe(401);
  });
});

test('only administrators are told how many users there are', async () => {
  expect((await admin('healthDetailed')).body.services.users.count).toBeGreaterThan(1);
  expect((await ann('healthDetailed')).body.services.users).toBeUndefined();
});

test('a table with a policy counts none of its rows in the health of the data', async () => {
  expect((await ann('healthDetailed')).body.services.data.total_rows).toBe(3);
  await limit();
  expect((await ann('healthDetailed')).body.services.data).toMatchObject({ tables: 1, total_rows: 0 });
});
