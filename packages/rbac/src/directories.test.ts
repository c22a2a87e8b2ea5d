import type { ErrorCode } from '@agnes/errors';
import { schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ROOT, type TestAccess, testAccess } from './access.test-setup.ts';
import { type Access, ADMIN_GROUP_ID, EVERYONE_GROUP_ID, replaceMembers, syncedGroup } from './index.ts';

let it: TestAccess;
let access: Access;
beforeAll(async () => {
  it = await testAccess();
});
afterAll(() => it[Symbol.asyncDispose]());
beforeEach(async () => {
  access = await it.begin();
  await it.addUser('ana');
});

const sync = (groupIds: readonly string[], source = 'google_sync', userId = 'ana') =>
  it.state.write((tx) => replaceMembers(tx, { userId, source, groupIds }));
const fromDirectory = (name: string) => it.state.write((tx) => syncedGroup(tx, name));
const groupsOfAna = async () => (await access.groupsOf('ana')).map(({ name }) => name);
const memberships = async () =>
  (await access.listMemberships('ana')).map(({ group_name, source }) => `${group_name}/${source}`);

async function refused(code: ErrorCode, work: Promise<unknown>): Promise<void> {
  await expect(work).rejects.toMatchObject({ code });
}

describe('a directory', () => {
  test('replaces what it said before, and nothing that anybody else said', async () => {
    const [sales, finance] = [await fromDirectory('sales@example.com'), await fromDirectory('finance@example.com')];
    const own = await access.createGroup({ name: 'Own' }, ROOT);
    await access.addMember('Own', 'ana', 'admin', ROOT);
    expect(await sync([sales ?? '', own.id])).toEqual({ added: [sales, own.id], removed: [], keptLastAdmin: false });
    await sync([finance ?? ''], 'oidc:acme');
    expect(await memberships()).toEqual([
      'Everyone/implicit',
      'Own/admin',
      'Own/google_sync',
      'finance@example.com/oidc:acme',
      'sales@example.com/google_sync',
    ]);
    expect(await sync([finance ?? ''])).toEqual({ added: [finance], removed: [sales, own.id], keptLastAdmin: false });
    expect(await sync([])).toMatchObject({ removed: [finance] });
    expect(await memberships()).toEqual(['Everyone/implicit', 'Own/admin', 'finance@example.com/oidc:acme']);
  });

  test('moves the version and the audit log only when something differs', async () => {
    const sales = (await fromDirectory('sales@example.com')) ?? '';
    await sync([sales]);
    const before = [await it.version(), await it.audited()];
    await sync([sales, sales, EVERYONE_GROUP_ID]);
    expect(await fromDirectory('Sales@Example.com')).toBe(sales);
    expect([await it.version(), await it.audited()]).toEqual(before);
    await sync([]);
    expect(await it.version()).not.toBe(before[0]);
    expect((await it.audited()).at(-1)).toBe('member.remove');
  });

  test('counts at the very next question', async () => {
    const sales = (await fromDirectory('sales@example.com')) ?? '';
    await access.createGrant({ group_id: sales, resource_type: 'table', resource_id: 'orders' }, ROOT);
    await sync([sales]);
    expect(await access.can(await it.principal(access, 'ana'), 'table', 'table_1')).toBe(true);
    await sync([]);
    expect(await access.can(await it.principal(access, 'ana'), 'table', 'table_1')).toBe(false);
  });

  test('cannot take over a group of ours by calling one of its own alike', async () => {
    await access.createGroup({ name: 'Sales' }, ROOT);
    for (const name of [
      'Admin',
      'ADMIN',
      'Ａｄｍｉｎ',
      'Ad\u200bmin',
      'everyone',
      'sales',
      ADMIN_GROUP_ID,
      ' ',
      '\u00ad',
    ]) {
      expect(await fromDirectory(name), name).toBeUndefined();
    }
    await expect(sync(['group_0'])).rejects.toThrow('group_0');
    await expect(sync([], 'admin')).rejects.toThrow('admin');
    expect(await groupsOfAna()).toEqual(['Everyone']);
  });

  test('does not take the last active administrator away', async () => {
    await sync([ADMIN_GROUP_ID]);
    expect(await sync([])).toMatchObject({ removed: [ADMIN_GROUP_ID], keptLastAdmin: false });
    await sync([ADMIN_GROUP_ID]);
    await it.state.write((tx) => tx.update(schema.users).set({ active: false }).where(eq(schema.users.id, ROOT)));
    expect(await sync([])).toEqual({ added: [], removed: [], keptLastAdmin: true });
    expect(await groupsOfAna()).toContain('Admin');
    await access.addMember('Admin', 'ana', 'admin', ROOT);
    expect(await sync([])).toMatchObject({ removed: [ADMIN_GROUP_ID], keptLastAdmin: false });
  });
});

describe('a group of a directory', () => {
  test('is read, and changed nowhere but there', async () => {
    const id = (await fromDirectory('sales@example.com')) ?? '';
    expect(await access.getGroup(id)).toMatchObject({
      ...{ name: 'sales@example.com', origin: 'google_sync', is_google_managed: true, is_system: false },
      mapped_email: 'sales@example.com',
    });
    await sync([id]);
    await refused('google_managed_readonly', access.addMember(id, ROOT, 'admin', ROOT));
    await refused('google_managed_readonly', access.addMembership(ROOT, id, 'admin', ROOT));
    await refused('google_managed_readonly', access.removeMember(id, 'ana', 'admin', ROOT));
    await refused('google_managed_readonly', access.updateGroup(id, { name: 'Sales' }, ROOT));
    await refused('google_managed_readonly', access.deleteGroup(id, ROOT));
    // What it may read is an administrator's business.
    await access.createGrant({ group_id: id, resource_type: 'table', resource_id: 'orders' }, ROOT);
    expect(await groupsOfAna()).toEqual(['Everyone', 'sales@example.com']);
  });

  test('that stands behind Admin makes it read-only, for administrators and not for the server itself', async () => {
    access = await it.begin({ mappedEmails: new Map([[ADMIN_GROUP_ID, 'admins@example.com']]) });
    await it.addUser('ana');
    expect(await access.getGroup('Admin')).toMatchObject({
      ...{ origin: 'system', is_google_managed: true, mapped_email: 'admins@example.com' },
    });
    await refused('google_managed_readonly', access.addMember('Admin', 'ana', 'admin', ROOT));
    await refused('system_group', access.updateGroup('Admin', { name: 'Bosses' }, ROOT));
    await sync([ADMIN_GROUP_ID]);
    await access.addMember('Admin', 'ana', 'system_seed', null);
    expect(await memberships()).toEqual(['Everyone/implicit', 'Admin/google_sync', 'Admin/system_seed']);
  });
});

describe('names of groups', () => {
  test.each([
    ['Straße', 'STRASSE'],
    ['Sales', 'ＳＡＬＥＳ'],
    ['Sales', 'Sa\u00adles'],
    ['Sales EU', ' sales\u00a0 eu '],
    ['office', 'oﬃce'],
    ['Søk', 'SØK'],
    ['café', 'cafe\u0301'],
    ['ΟΔΟΣ', 'οδος'],
  ])('%s and %s are one', async (first, second) => {
    const { id } = await access.createGroup({ name: first }, ROOT);
    await refused('group_exists', access.createGroup({ name: second }, ROOT));
    expect(await access.getGroup(second)).toMatchObject({ id });
  });

  test('differ where people see a difference', async () => {
    for (const name of ['Sales', 'Sales 2', 'Sales-2', 'Vertrieb Süd', '東京', 'Продажи', 'β-testers', 'µservices']) {
      await access.createGroup({ name }, ROOT);
    }
    expect(await access.listGroups()).toHaveLength(10);
  });

  test.each(['\u0410dmin', 'Sаles', '\u200b', '\u2060\u00ad'])('%j misleads, and is refused', async (name) => {
    await refused('invalid_request', access.createGroup({ name }, ROOT));
    await access.createGroup({ name: 'Own' }, ROOT);
    await refused('invalid_request', access.updateGroup('Own', { name }, ROOT));
  });
});

describe('what can be granted', () => {
  test('memory domains are six, by name', async () => {
    const grant = (resource_id: string) =>
      access.createGrant({ group_id: 'Everyone', resource_type: 'memory_domain', resource_id }, ROOT);
    expect(await grant('Finance')).toMatchObject({ resource_id: 'finance', resource_name: 'finance' });
    await refused('not_found', grant('astrology'));
    const type = access.resourceTypes().find(({ key }) => key === 'memory_domain');
    expect((await type?.listBlocks())?.flatMap(({ items }) => items)).toHaveLength(6);
    const ana = await it.principal(access, 'ana');
    expect(await access.can(ana, 'memory_domain', 'finance')).toBe(true);
    expect(await access.can(ana, 'memory_domain', 'product')).toBe(false);
    expect(await access.can(ana, 'table', 'finance')).toBe(false);
  });

  test('plugins are those that a marketplace brings, and none before', async () => {
    const grant = () =>
      access.createGrant({ group_id: 'Everyone', resource_type: 'marketplace_plugin', resource_id: 'a/b' }, ROOT);
    await refused('not_found', grant());
    const plugin = { id: 'a/b', name: 'b' };
    access.addMarketplacePlugins({
      resolve: async (id) => (id === plugin.id ? plugin : undefined),
      listBlocks: async () => [{ name: 'a', items: [{ resource_id: 'a/b', name: 'b', version: '1.0.0' }] }],
      names: async (ids) => new Map(ids.filter((id) => id === plugin.id).map((id) => [id, plugin.name])),
    });
    expect(await grant()).toMatchObject({ resource_id: 'a/b', resource_name: 'b' });
    expect(await access.effectiveAccess('ana')).toMatchObject({
      items: [{ resource_type: 'marketplace_plugin', resource_name: 'b', restricted: false }],
    });
  });
});

describe('looking as somebody', () => {
  const view = { by: ROOT, operation: 'catalog', credentialId: 'token_1', ip: '192.0.2.1' };

  test('gives what that person is at this moment, and is in the audit log', async () => {
    await access.createGroup({ name: 'Sales' }, ROOT);
    await access.addMember('Sales', 'ana', 'admin', ROOT);
    expect(await access.viewAs(' Ana@Example.com', view)).toMatchObject({
      ...{ userId: 'ana', email: 'ana@example.com', isAdmin: false },
      groups: [{ name: 'Everyone' }, { name: 'Sales' }],
    });
    const [row] = (await it.state.db.select().from(schema.auditLog)).filter(
      ({ action }) => action === 'access.view_as',
    );
    expect(row).toMatchObject({
      ...{ user_id: ROOT, resource: 'user:ana', params: { operation: 'catalog' } },
      ...{ credential_id: 'token_1', ip: '192.0.2.1' },
    });
  });

  test('is refused for nobody and for a deactivated account, and then not audited', async () => {
    await refused('user_not_found', access.viewAs('ghost', view));
    await it.state.write((tx) => tx.update(schema.users).set({ active: false }).where(eq(schema.users.id, 'ana')));
    await refused('view_as_refused', access.viewAs('ana', view));
    expect(await it.audited()).not.toContain('access.view_as');
  });
});
