import { AgnesError, type ErrorCode } from '@agnes/errors';
import { schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ROOT, type TestAccess, testAccess } from './access.test-setup.ts';
import type { Access, NewPolicy } from './index.ts';

let it: TestAccess;
let access: Access;
beforeAll(async () => {
  it = await testAccess();
});
afterAll(() => it[Symbol.asyncDispose]());

beforeEach(async () => {
  access = await it.begin();
  access.setPolicyValidator(async (table, { row_filter }) => {
    if (row_filter?.includes('nothing')) {
      throw new AgnesError('invalid_policy', `'${table.name}' has no column 'nothing'.`);
    }
  });
  await it.addUser('ana');
  for (const name of ['Sales', 'Finance']) {
    await access.createGroup({ name }, ROOT);
    await access.addMember(name, 'ana', 'admin', ROOT);
  }
});

const grant = (group_id: string, resource_id = 'orders') =>
  access.createGrant({ group_id, resource_type: 'table', resource_id }, ROOT);
const limit = (group_id: string, rules: Partial<NewPolicy> = { row_filter: "region = 'EU'" }) =>
  access.createPolicy({ table_id: 'orders', group_id, ...rules }, ROOT);
const policyOfAna = async (table = 'table_1') => access.policyFor(await it.principal(access, 'ana'), table);

async function refused(code: ErrorCode, work: Promise<unknown>): Promise<void> {
  await expect(work).rejects.toMatchObject({ code });
}

describe('what a person sees', () => {
  test('is what the groups let through that are granted the table, each by its own rules', async () => {
    await grant('Sales');
    await grant('Finance');
    const sales = await limit('Sales', { row_filter: "region = 'EU'", column_masks: { vat: "'…'" } });
    expect(await policyOfAna()).toBeUndefined();
    const finance = await limit('Finance', { row_filter: 'amount > 10' });
    const branches = [sales, finance]
      .map(({ id, group_id, row_filter, column_masks }) => ({ policy_id: id, group_id, row_filter, column_masks }))
      .sort((a, b) => (a.group_id < b.group_id ? -1 : 1));
    expect(await policyOfAna()).toEqual({
      id: expect.stringMatching(/^pc_[0-9a-f]{32}$/),
      branches,
      caller: { user_id: 'ana', email: 'ana@example.com', groups: ['Everyone', 'Finance', 'Sales'] },
    });
  });

  test('is everything for an administrator, and no row of a table that is not granted', async () => {
    await limit('Sales');
    expect(await access.policyFor(await it.principal(access, ROOT), 'table_1')).toBeUndefined();
    expect(await policyOfAna()).toMatchObject({ branches: [] });
    await grant('Sales');
    expect(await policyOfAna()).toMatchObject({ branches: [{ row_filter: "region = 'EU'" }] });
    await access.addMember('Admin', 'ana', 'admin', ROOT);
    expect(await policyOfAna()).toBeUndefined();
  });

  test('is no row for whoever has no account', async () => {
    await grant('Sales');
    await limit('Sales');
    const ana = await it.principal(access, 'ana');
    expect(await access.policyFor({ ...ana, userId: 'ghost' }, 'table_1')).toMatchObject({ branches: [] });
  });

  test('has another class after each change of a rule, a name or an address, and the same one otherwise', async () => {
    await grant('Sales');
    const { id } = await limit('Sales');
    const classes: (string | undefined)[] = [(await policyOfAna())?.id];
    const changed = async (work: Promise<unknown>) => {
      await work;
      classes.push((await policyOfAna())?.id);
    };
    await changed(access.updatePolicy(id, { row_filter: 'true' }, ROOT));
    await changed(access.updatePolicy(id, { column_masks: { vat: 'null' } }, ROOT));
    await changed(access.updateGroup('Sales', { name: 'Selling' }, ROOT));
    const renamed = { email: 'ana.b@example.com' };
    await it.state.write((tx) => tx.update(schema.users).set(renamed).where(eq(schema.users.id, 'ana')));
    await changed(access.createGroup({ name: 'Other' }, ROOT));
    expect(new Set(classes).size).toBe(5);
    await changed(access.createGroup({ name: 'Another' }, ROOT));
    expect(classes.at(-1)).toBe(classes.at(-2));
    await it.addUser('bo');
    await access.addMember('Selling', 'bo', 'admin', ROOT);
    const bo = await access.policyFor(await it.principal(access, 'bo'), 'table_1');
    expect(classes).not.toContain(bo?.id);
  });

  test('follows a policy at the very next question, for a principal that was read before', async () => {
    await grant('Sales');
    const ana = await it.principal(access, 'ana');
    expect(await access.policyFor(ana, 'table_1')).toBeUndefined();
    const { id } = await limit('Sales');
    expect(await access.policyFor(ana, 'table_1')).toMatchObject({ branches: [{ policy_id: id }] });
    await access.deletePolicy(id, ROOT);
    expect(await access.policyFor(ana, 'table_1')).toBeUndefined();
  });
});

describe('a policy', () => {
  test('tells an administrator who still sees all of the table', async () => {
    await grant('Everyone');
    await grant('Finance');
    expect(await limit('Sales')).toMatchObject({
      granted: false,
      table_name: 'orders',
      unrestricted_groups: [{ group_name: 'Everyone' }, { group_name: 'Finance' }],
    });
    await limit('Finance');
    await grant('Sales');
    expect(await access.listPolicies({ table_id: 'orders', group_id: 'sales' })).toMatchObject([
      { granted: true, unrestricted_groups: [{ group_name: 'Everyone' }] },
    ]);
  });

  test.each<[ErrorCode, Partial<NewPolicy>]>([
    ['table_not_found', { table_id: 'nothing', row_filter: 'true' }],
    ['group_not_found', { group_id: 'Nobody', row_filter: 'true' }],
    ['invalid_policy', {}],
    ['invalid_policy', { row_filter: null, column_masks: {} }],
    ['invalid_policy', { row_filter: 'nothing = 1' }],
  ])('is refused with %s for %j', async (code, input) => {
    const before = [await it.version(), (await it.audited()).length];
    await refused(code, access.createPolicy({ table_id: 'orders', group_id: 'Sales', ...input }, ROOT));
    expect(await access.listPolicies()).toEqual([]);
    expect([await it.version(), (await it.audited()).length]).toEqual(before);
  });

  test('is one for a table and a group', async () => {
    const { id } = await limit('Sales');
    await expect(limit('Sales')).rejects.toMatchObject({ code: 'policy_exists', details: { policy_id: id } });
    await refused('policy_not_found', access.getPolicy('policy_0'));
    await refused('policy_not_found', access.updatePolicy('policy_0', { row_filter: 'true' }, ROOT));
    await refused('policy_not_found', access.deletePolicy('policy_0', ROOT));
    await refused('table_not_found', access.listPolicies({ table_id: 'nothing' }));
  });

  test('cannot be made or changed where nothing applies it', async () => {
    const { id } = await limit('Sales');
    const other = (await import('./index.ts')).createAccess({ state: it.state });
    other.registerResourceType({
      ...{ key: 'table', display_name: 'Table', description: '', id_format: '' },
      resolve: async () => ({ id: 'table_1', name: 'orders' }),
      listBlocks: async () => [],
      names: async () => new Map(),
    });
    await refused('unavailable', other.createPolicy({ table_id: 'x', group_id: 'Finance', row_filter: 'true' }, ROOT));
    await refused('unavailable', other.updatePolicy(id, { row_filter: 'true' }, ROOT));
    // Those that exist count all the same.
    await grant('Sales');
    expect(await other.policyFor(await it.principal(access, 'ana'), 'table_1')).toMatchObject({ branches: [{}] });
  });

  test('cannot be emptied by a change, and a refused change leaves it as it was', async () => {
    const { id } = await limit('Sales');
    await refused('invalid_policy', access.updatePolicy(id, { row_filter: null }, ROOT));
    await refused('invalid_policy', access.updatePolicy(id, { row_filter: 'nothing = 1' }, ROOT));
    expect(await access.getPolicy(id)).toMatchObject({ row_filter: "region = 'EU'" });
    const masked = await access.updatePolicy(id, { row_filter: null, column_masks: { vat: 'null' } }, ROOT);
    expect(masked).toMatchObject({ row_filter: null, column_masks: { vat: 'null' } });
  });

  test('that two people change at once has what both of them changed', async () => {
    const { id } = await limit('Sales');
    await Promise.all([
      access.updatePolicy(id, { row_filter: 'id = 1' }, ROOT),
      access.updatePolicy(id, { column_masks: { vat: 'null' } }, ROOT),
    ]);
    expect(await access.getPolicy(id)).toMatchObject({ row_filter: 'id = 1', column_masks: { vat: 'null' } });
  });

  test('goes with its table and with its group, and stays when the grant goes', async () => {
    const granted = await grant('Sales');
    await limit('Sales');
    await limit('Finance');
    await access.deleteGrant(granted.id, ROOT);
    expect(await access.listPolicies()).toHaveLength(2);
    await grant('Sales');
    expect(await policyOfAna()).toMatchObject({ branches: [{ row_filter: "region = 'EU'" }] });
    await access.deleteGroup('Finance', ROOT);
    expect(await access.listPolicies()).toMatchObject([{ group_name: 'Sales' }]);
    await it.state.write((tx) => access.revokeResource(tx, 'table', 'table_1'));
    expect(await access.listPolicies()).toEqual([]);
  });

  test('moves access_version and leaves an audit row with each change', async () => {
    let id = '';
    const changes: (() => Promise<unknown>)[] = [
      async () => {
        id = (await limit('Sales')).id;
      },
      () => access.updatePolicy(id, { row_filter: 'true' }, ROOT),
      () => access.deletePolicy(id, ROOT),
    ];
    for (const change of changes) {
      const version = await it.version();
      await change();
      expect(await it.version()).toBe(version + 1);
    }
    expect((await it.audited()).slice(-3)).toEqual(['policy.create', 'policy.update', 'policy.delete']);
  });

  test('that failed says why until it is changed, and is audited once for each reason', async () => {
    await grant('Sales');
    const { id } = await limit('Sales');
    const version = await it.version();
    await access.recordPolicyFailure(id, `Could not convert\n${'x'.repeat(2000)}`);
    await access.recordPolicyFailure(id, `Could not convert\n${'x'.repeat(2000)}`);
    await access.recordPolicyFailure('policy_0', 'gone');
    const failed = await access.getPolicy(id);
    expect(failed.error).toMatch(/^Could not convert x{900,}$/);
    expect(failed.error_at).toBeInstanceOf(Date);
    expect((await it.audited()).filter((action) => action === 'policy.failed')).toHaveLength(1);
    // What readers may see has not changed.
    expect(await it.version()).toBe(version);
    expect(await access.updatePolicy(id, { row_filter: 'true' }, ROOT)).toMatchObject({ error: null, error_at: null });
  });
});

describe('why somebody sees a table', () => {
  test('names groups, policies and administrators, for a person and for a table', async () => {
    await it.addUser('bo');
    await grant('Sales');
    await grant('Finance', 'customers');
    const { id } = await limit('Sales', { row_filter: 'true', column_masks: { vat: 'null', name: 'null' } });
    const via = {
      group_name: 'Sales',
      policy: { id, filters_rows: true, masked_columns: ['name', 'vat'] },
    };
    expect(await access.effectiveAccess('ana')).toMatchObject({
      is_admin: false,
      items: [
        { resource_name: 'orders', restricted: true, via_groups: [via] },
        { resource_name: 'customers', restricted: false, via_groups: [{ group_name: 'Finance', policy: null }] },
      ],
    });
    expect(await access.tableReaders('orders')).toMatchObject({
      table_id: 'table_1',
      groups: [{ ...via, member_count: 1 }],
      people: [
        { email: 'ana@example.com', is_admin: false, restricted: true, via_groups: [via] },
        { email: 'root@example.com', is_admin: true, restricted: false, via_groups: [] },
      ],
    });
    await grant('Everyone');
    const { people } = await access.tableReaders('table_1');
    expect(people.map(({ email, restricted }) => [email, restricted])).toEqual([
      ['ana@example.com', false],
      ['bo@example.com', false],
      ['root@example.com', false],
    ]);
    await refused('table_not_found', access.tableReaders('nothing'));
  });
});
