import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accessOperations, type Operation, policyOperations, type RequestContext } from '@agnes/api-contract';
import { openState, type State, schema } from '@agnes/state';
import { testState } from '@agnes/testkit';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accessHandlers } from './http.ts';
import { createAccess, EVERYONE_GROUP_ID } from './index.ts';

const email = 'root@example.com';
const declared: Record<string, Operation> = { ...accessOperations, ...policyOperations };
const covered = new Set<string>();

let folder: string;
let state: State;
let handlers: Record<string, (input: never, context: RequestContext) => Promise<unknown>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-rbac-http-'));
  state = await openState(await testState(join(folder, 'system.duckdb')));
  const access = createAccess({ state });
  const orders = { id: 'table_1', name: 'orders' };
  access.registerResourceType({
    key: 'table',
    display_name: 'Table',
    description: 'A table of the catalog.',
    id_format: 'table_…',
    resolve: async (idOrName) => (idOrName === orders.id || idOrName === orders.name ? orders : undefined),
    listBlocks: async () => [{ name: '(no bucket)', items: [{ resource_id: orders.id, name: orders.name, rows: 1 }] }],
    names: async () => new Map([[orders.id, orders.name]]),
  });
  access.setPolicyValidator(async () => {});
  await access.seedSystemGroups();
  const at = new Date();
  await state.write((tx) => tx.insert(schema.users).values({ id: 'root', email, created_at: at, updated_at: at }));
  await access.addMember('Admin', 'root', 'system_seed', null);
  handlers = { ...accessHandlers({ access }) };
});
afterAll(async () => {
  await state.close();
  await rm(folder, { recursive: true, force: true });
});

const context: RequestContext = {
  caller: {
    userId: 'root',
    email,
    name: null,
    groups: [],
    groupIds: [],
    isAdmin: true,
    credential: { kind: 'session', id: 's', name: 's', scope: 'general', expires_at: null },
  },
  headers: new Headers(),
  requestId: 'r',
  ip: null,
  method: 'GET',
  signal: new AbortController().signal,
  stillAdmitted: async () => {},
};

/** Calls an operation as the server does: input validated by its schemas, the answer checked against its own. */
async function call(id: string, input: { params?: unknown; query?: unknown; body?: unknown } = {}) {
  const operation = declared[id];
  const handler = handlers[id];
  if (operation === undefined || handler === undefined) throw new Error(`no operation ${id}`);
  covered.add(id);
  const validated = {
    params: operation.params && v.parse(operation.params, input.params),
    query: operation.query && v.parse(operation.query, input.query ?? {}),
    body: operation.body && v.parse(operation.body, input.body),
  };
  const answer = await handler(validated as never, context);
  if (operation.response === 'empty') {
    expect(answer).toBeUndefined();
    return {} as Record<string, unknown>;
  }
  // Strictly: what the schema would drop silently is a field too many.
  expect(v.parse(operation.response as v.GenericSchema, answer)).toEqual(answer);
  return answer as Record<string, unknown>;
}

test('every operation answers in the shape that the contract declares', async () => {
  expect(await call('listResourceTypes')).toMatchObject([
    { key: 'marketplace_plugin' },
    { key: 'memory_domain' },
    { key: 'table' },
  ]);
  const sales = await call('createGroup', { body: { name: ' Sales ' } });
  expect(sales).toMatchObject({ name: 'Sales', origin: 'custom', created_by: 'root' });
  await call('updateGroup', { params: { id: 'Sales' }, body: { description: 'People who sell.' } });
  expect(await call('getGroup', { params: { id: sales.id } })).toMatchObject({ description: 'People who sell.' });

  await call('addMember', { params: { id: 'Sales' }, body: { email: 'Root@Example.com' } });
  expect(await call('listMembers', { params: { id: 'Sales' } })).toMatchObject([{ email, source: 'admin' }]);
  const grant = await call('createGrant', {
    body: { group_id: 'Sales', resource_type: 'table', resource_id: 'orders' },
  });
  expect(await call('listGrants', { query: { group_id: 'Sales' } })).toEqual([grant]);
  expect(await call('accessOverview')).toMatchObject({
    groups: [{ name: 'Admin' }, { id: EVERYONE_GROUP_ID, member_count: 1 }, { name: 'Sales', grant_count: 1 }],
    grants: [{ resource_name: 'orders' }],
    resources: [
      { blocks: [] },
      { blocks: [{ items: [{ name: 'finance' }, {}, {}, {}, {}, {}] }] },
      { type_key: 'table', blocks: [{ items: [{ resource_id: 'table_1', rows: 1 }] }] },
    ],
  });
  const mine = await call('myAccess');
  expect(mine).toMatchObject({ is_admin: true, items: [{ via_groups: [{ group_name: 'Sales' }] }] });
  expect(await call('userAccess', { params: { id: email } })).toEqual(mine);

  expect(await call('tableAccess', { params: { id: 'orders' } })).toMatchObject({
    groups: [{ group_name: 'Sales', member_count: 1 }],
    people: [{ email, is_admin: true, restricted: false, via_groups: [{ group_name: 'Sales', policy: null }] }],
  });
  const user = { id: email };
  expect(await call('addMembership', { params: user, body: { group_id: EVERYONE_GROUP_ID } }).catch(String)).toMatch(
    /Everyone/,
  );
  await call('createGroup', { body: { name: 'Finance' } });
  expect(await call('addMembership', { params: user, body: { group_id: 'finance' } })).toMatchObject({
    ...{ group_name: 'Finance', source: 'admin', origin: 'custom' },
  });
  await call('removeMembership', { params: { ...user, group_id: 'Finance' } });
  expect(await call('listMemberships', { params: user })).toMatchObject([
    { group_name: 'Everyone', source: 'implicit' },
    { group_name: 'Admin', source: 'system_seed' },
    { group_name: 'Sales', source: 'admin' },
  ]);
  await call('deleteGroup', { params: { id: 'Finance' } });

  const policy = await call('createPolicy', {
    body: { table_id: 'orders', group_id: 'Sales', row_filter: 'true', column_masks: { vat: "'…'" } },
  });
  expect(policy).toMatchObject({ granted: true, unrestricted_groups: [], table_name: 'orders', error: null });
  expect(await call('listPolicies', { query: { group_id: 'sales' } })).toEqual([policy]);
  await call('updatePolicy', { params: { id: policy.id }, body: { row_filter: null } });
  expect(await call('getPolicy', { params: { id: policy.id } })).toMatchObject({ row_filter: null });
  await call('deletePolicy', { params: { id: policy.id } });

  await call('deleteGrant', { params: { id: grant.id } });
  await call('removeMember', { params: { id: 'Sales', user_id: email } });
  await call('deleteGroup', { params: { id: 'Sales' } });
  expect(await call('listGroups')).toHaveLength(2);
  expect([...covered].sort()).toEqual(Object.keys(declared).sort());
});
