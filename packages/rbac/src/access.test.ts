import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ErrorCode } from '@agnes/errors';
import { openState, readVersion, type State, schema } from '@agnes/state';
import { testState } from '@agnes/testkit';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Access, ADMIN_GROUP_ID, createAccess, EVERYONE_GROUP_ID, isAdmin, type Principal } from './index.ts';

const TABLES = [
  { id: 'table_1', name: 'orders' },
  { id: 'table_2', name: 'customers' },
];
const ROOT = 'user_root';

let folder: string;
let state: State;
let access: Access;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-rbac-'));
  state = await openState(await testState(join(folder, 'system.duckdb')));
});
afterAll(async () => {
  await state.close();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  await state.write(async (tx) => {
    for (const table of [
      schema.resourceGrants,
      schema.userGroupMembers,
      schema.userGroups,
      schema.users,
      schema.auditLog,
    ]) {
      await tx.delete(table);
    }
  });
  access = createAccess({ state });
  access.registerResourceType({
    key: 'table',
    display_name: 'Table',
    description: 'A table of the catalog.',
    id_format: 'table_…',
    resolve: async (idOrName) => TABLES.find(({ id, name }) => id === idOrName || name === idOrName),
    listBlocks: async () => [
      { name: '(no bucket)', items: TABLES.map(({ id, name }) => ({ resource_id: id, name, category: 'local' })) },
    ],
    names: async (ids) => new Map(TABLES.filter(({ id }) => ids.includes(id)).map(({ id, name }) => [id, name])),
  });
  await access.seedSystemGroups();
  await addUser('user_root', 'root@example.com');
  await access.addMember('Admin', 'root@example.com', 'admin', ROOT);
});

async function addUser(id: string, email: string): Promise<void> {
  const now = new Date();
  await state.write((tx) => tx.insert(schema.users).values({ id, email, created_at: now, updated_at: now }));
}

const setActive = (id: string, active: boolean) =>
  state.write((tx) => tx.update(schema.users).set({ active }).where(eq(schema.users.id, id)));

async function principal(userId: string): Promise<Principal> {
  const groups = await access.groupsOf(userId);
  return { userId, groupIds: groups.map(({ id }) => id), isAdmin: isAdmin(groups) };
}

async function refused(code: ErrorCode, work: Promise<unknown>): Promise<void> {
  await expect(work).rejects.toMatchObject({ code });
}

describe('the access decision', () => {
  test('lets an administrator read everything, and nobody else anything that is not granted', async () => {
    await addUser('ana', 'ana@example.com');
    expect(await access.readable(await principal(ROOT), 'table')).toBe('all');
    expect(await access.can(await principal(ROOT), 'table', 'table_1')).toBe(true);
    expect(await access.can(await principal('ana'), 'table', 'table_1')).toBe(false);
    expect(await access.readable(await principal('ana'), 'table')).toEqual(new Set());
  });

  test('follows a grant and a revoke at the very next question, for a principal that was read before', async () => {
    await addUser('ana', 'ana@example.com');
    await access.createGroup({ name: 'Sales' }, ROOT);
    await access.addMember('Sales', 'ana@example.com', 'admin', ROOT);
    const ana = await principal('ana');
    const grant = await access.createGrant({ group_id: 'Sales', resource_type: 'table', resource_id: 'orders' }, ROOT);
    expect(await access.can(ana, 'table', 'table_1')).toBe(true);
    expect(await access.readable(ana, 'table')).toEqual(new Set(['table_1']));
    expect(await access.can(ana, 'other_type', 'table_1')).toBe(false);
    await access.deleteGrant(grant.id, ROOT);
    expect(await access.can(ana, 'table', 'table_1')).toBe(false);
  });

  test('a grant to Everyone reaches every active account, and no other', async () => {
    await addUser('ana', 'ana@example.com');
    await access.createGrant({ group_id: 'Everyone', resource_type: 'table', resource_id: 'orders' }, ROOT);
    expect(await access.can(await principal('ana'), 'table', 'table_1')).toBe(true);
    await setActive('ana', false);
    expect(await access.can(await principal('ana'), 'table', 'table_1')).toBe(false);
    expect(await access.can(await principal('nobody'), 'table', 'table_1')).toBe(false);
  });
});

describe('system groups', () => {
  test('come back at the next start and keep their ids', async () => {
    await state.write((tx) => tx.delete(schema.userGroups));
    await access.seedSystemGroups();
    await access.seedSystemGroups();
    const groups = await access.listGroups();
    expect(groups.map(({ id, name }) => [id, name])).toEqual([
      [ADMIN_GROUP_ID, 'Admin'],
      [EVERYONE_GROUP_ID, 'Everyone'],
    ]);
  });

  test('cannot be renamed, deleted or copied, but described', async () => {
    await refused('system_group', access.updateGroup('Admin', { name: 'Bosses' }, ROOT));
    await refused('system_group', access.deleteGroup('Everyone', ROOT));
    await refused('group_exists', access.createGroup({ name: 'ADMIN' }, ROOT));
    await refused('group_exists', access.createGroup({ name: ADMIN_GROUP_ID }, ROOT));
    expect(await access.updateGroup('Admin', { description: 'The two of us.' }, ROOT)).toMatchObject({ name: 'Admin' });
  });

  test('Everyone has nobody added or taken out', async () => {
    await refused('system_group', access.addMember('Everyone', 'root@example.com', 'admin', ROOT));
    await refused('member_not_found', access.removeMember('Everyone', 'root@example.com', 'admin', ROOT));
    expect(await access.listMembers('everyone')).toMatchObject([{ email: 'root@example.com', source: 'implicit' }]);
    expect(await access.getGroup('Everyone')).toMatchObject({ member_count: 1 });
  });
});

describe('groups', () => {
  test('are found by id, by name in any letter case, and not otherwise', async () => {
    const { id } = await access.createGroup({ name: 'Sales', description: 'x' }, ROOT);
    expect(await access.getGroup(id)).toMatchObject({ name: 'Sales', created_by: ROOT, is_system: false });
    expect(await access.getGroup('sALES')).toMatchObject({ id });
    await refused('group_not_found', access.getGroup('Marketing'));
  });

  test('an administrator takes back what break-glass gave, and not what a setting or a provider says', async () => {
    await access.createGroup({ name: 'Sales' }, ROOT);
    const sources = async () => (await access.listMembers('Sales')).map(({ source }) => source);
    for (const source of ['admin', 'cli_break_glass', 'oidc:corp']) {
      await access.addMember('Sales', 'root@example.com', source, null);
    }
    await access.removeMember('Sales', 'root@example.com', 'admin', ROOT);
    expect(await sources()).toEqual(['oidc:corp']);
    await refused('member_not_found', access.removeMember('Sales', 'root@example.com', 'admin', ROOT));
  });

  test('a rename keeps members and grants; a taken name is refused', async () => {
    await access.createGroup({ name: 'Sales' }, ROOT);
    await access.addMember('Sales', 'root@example.com', 'admin', ROOT);
    await access.createGrant({ group_id: 'Sales', resource_type: 'table', resource_id: 'orders' }, ROOT);
    await access.createGroup({ name: 'Finance' }, ROOT);
    await refused('group_exists', access.updateGroup('Sales', { name: 'finance' }, ROOT));
    expect(await access.updateGroup('Sales', { name: 'sales' }, ROOT)).toMatchObject({
      name: 'sales',
      member_count: 1,
      grant_count: 1,
    });
  });

  test('a deleted group takes its members and grants along', async () => {
    await addUser('ana', 'ana@example.com');
    await access.createGroup({ name: 'Sales' }, ROOT);
    await access.addMember('Sales', 'ana', 'admin', ROOT);
    await access.createGrant({ group_id: 'Sales', resource_type: 'table', resource_id: 'orders' }, ROOT);
    const before = await principal('ana');
    await access.deleteGroup('Sales', ROOT);
    expect(await access.can(before, 'table', 'table_1')).toBe(false);
    expect(await access.listGrants()).toEqual([]);
    expect(await state.db.select().from(schema.userGroupMembers)).toHaveLength(1);
  });
});

describe('members', () => {
  test('a source takes back only what it gave', async () => {
    await addUser('ana', 'ana@example.com');
    await access.createGroup({ name: 'Sales' }, ROOT);
    await access.addMember('Sales', 'ana', 'directory', null);
    await access.addMember('Sales', 'Ana@Example.com ', 'admin', ROOT);
    await refused('member_exists', access.addMember('Sales', 'ana', 'admin', ROOT));
    expect(await access.getGroup('Sales')).toMatchObject({ member_count: 1 });
    await access.removeMember('Sales', 'ana', 'admin', ROOT);
    expect((await access.groupsOf('ana')).map(({ name }) => name)).toEqual(['Everyone', 'Sales']);
    await expect(access.removeMember('Sales', 'ana', 'admin', ROOT)).rejects.toThrow(/directory/);
  });

  test('the last active administrator stays', async () => {
    await refused('last_admin', access.removeMember('Admin', 'root@example.com', 'admin', ROOT));
    await addUser('ana', 'ana@example.com');
    await access.addMember('Admin', 'ana', 'admin', ROOT);
    await setActive('ana', false);
    await refused('last_admin', access.removeMember('Admin', ROOT, 'admin', ROOT));
    await setActive('ana', true);
    await access.removeMember('Admin', ROOT, 'admin', ROOT);
    expect(await access.listMembers('Admin')).toMatchObject([{ email: 'ana@example.com' }]);
  });

  test('two administrators who remove each other at once leave one', async () => {
    await addUser('ana', 'ana@example.com');
    await access.addMember('Admin', 'ana', 'admin', ROOT);
    const results = await Promise.allSettled([
      access.removeMember('Admin', 'ana', 'admin', ROOT),
      access.removeMember('Admin', ROOT, 'admin', 'ana'),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  test('must be people', async () => {
    await refused('user_not_found', access.addMember('Admin', 'ghost@example.com', 'admin', ROOT));
    await refused('group_not_found', access.addMember('Ghosts', 'root@example.com', 'admin', ROOT));
  });
});

describe('grants', () => {
  test('store the opaque id, whatever they were given', async () => {
    const grant = await access.createGrant({ group_id: 'Admin', resource_type: 'table', resource_id: 'orders' }, ROOT);
    expect(grant).toMatchObject({ resource_id: 'table_1', resource_name: 'orders', group_name: 'Admin' });
    await refused('grant_exists', access.createGrant({ ...grant, resource_id: 'table_1' }, ROOT));
    expect(await access.listGrants({ resource_type: 'table', group_id: 'admin' })).toEqual([grant]);
    expect(await access.listGrants({ group_id: 'Everyone' })).toEqual([]);
  });

  test.each<[ErrorCode, string, string, string]>([
    ['unknown_resource_type', 'Admin', 'planet', 'orders'],
    ['group_not_found', 'Nobody', 'table', 'orders'],
    ['table_not_found', 'Admin', 'table', 'nothing'],
  ])('are refused with %s for %s, %s, %s', async (code, group_id, resource_type, resource_id) => {
    await refused(code, access.createGrant({ group_id, resource_type, resource_id }, ROOT));
    expect(await access.listGrants()).toEqual([]);
  });

  test('filters that name nothing, and a grant that is not there, are errors', async () => {
    await refused('unknown_resource_type', access.listGrants({ resource_type: 'planet' }));
    await refused('group_not_found', access.listGrants({ group_id: 'Nobody' }));
    await refused('grant_not_found', access.deleteGrant('grant_0', ROOT));
  });

  test('go with their resource, so that a new one under its id starts without', async () => {
    await access.createGrant({ group_id: 'Everyone', resource_type: 'table', resource_id: 'orders' }, ROOT);
    await access.createGrant({ group_id: 'Everyone', resource_type: 'table', resource_id: 'customers' }, ROOT);
    await state.write((tx) => access.revokeResource(tx, 'table', 'table_1'));
    expect(await access.listGrants()).toMatchObject([{ resource_id: 'table_2' }]);
  });
});

describe('effective access', () => {
  test('names each group a grant came through, and nothing that Admin implies', async () => {
    await access.createGroup({ name: 'Sales' }, ROOT);
    await access.addMember('Sales', ROOT, 'admin', ROOT);
    for (const group_id of ['Sales', 'Everyone']) {
      await access.createGrant({ group_id, resource_type: 'table', resource_id: 'orders' }, ROOT);
    }
    expect(await access.effectiveAccess('root@example.com')).toMatchObject({
      is_admin: true,
      items: [{ resource_name: 'orders', via_groups: [{ group_name: 'Everyone' }, { group_name: 'Sales' }] }],
    });
    await setActive(ROOT, false);
    expect(await access.effectiveAccess(ROOT)).toEqual({ is_admin: false, items: [] });
    await refused('user_not_found', access.effectiveAccess('ghost'));
  });
});

test('every change moves access_version and leaves an audit row; a refused one leaves neither', async () => {
  await addUser('ana', 'ana@example.com');
  const changes: (() => Promise<unknown>)[] = [
    () => access.createGroup({ name: 'Sales' }, ROOT),
    () => access.updateGroup('Sales', { description: 'x' }, ROOT),
    () => access.addMember('Sales', 'ana', 'admin', ROOT),
    () => access.createGrant({ group_id: 'Sales', resource_type: 'table', resource_id: 'orders' }, ROOT),
    async () => access.deleteGrant((await access.listGrants())[0]?.id ?? '', ROOT),
    () => access.removeMember('Sales', 'ana', 'admin', ROOT),
    () => access.deleteGroup('Sales', ROOT),
  ];
  for (const change of changes) {
    const [version, rows] = [await readVersion(state.db, 'access_version'), await auditActions()];
    await change();
    expect(await readVersion(state.db, 'access_version')).toBe(version + 1);
    expect(await auditActions()).toHaveLength(rows.length + 1);
  }
  expect((await auditActions()).slice(-7)).toEqual([
    'group.create',
    'group.update',
    'member.add',
    'grant.create',
    'grant.delete',
    'member.remove',
    'group.delete',
  ]);
  const [version, rows] = [await readVersion(state.db, 'access_version'), await auditActions()];
  await refused('last_admin', access.removeMember('Admin', ROOT, 'admin', ROOT));
  expect([await readVersion(state.db, 'access_version'), await auditActions()]).toEqual([version, rows]);
});

async function auditActions(): Promise<string[]> {
  const rows = await state.db.select().from(schema.auditLog).orderBy(schema.auditLog.id);
  return rows.map(({ action }) => action);
}
