import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAgnesError } from '@agnes/errors';
import { openState, type State, schema } from '@agnes/state';
import { testState } from '@agnes/testkit';
import { eq } from 'drizzle-orm';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  type Access,
  createAccess,
  type EffectivePolicy,
  EVERYONE_GROUP_ID,
  isAdmin,
  type Principal,
} from './index.ts';

const USERS = ['ana', 'bo', 'cy'];
const TABLES = ['t1', 't2', 't3'];
const GROUPS = ['Admin', 'Everyone', 'Sales', 'Finance'];
const SOURCES = ['admin', 'directory'];
/** Keeps an administrator there, so that `last_admin` is not what the walk is about. */
const ROOT = 'root';

type Step =
  | { do: 'grant' | 'revoke'; group: string; table: string }
  | { do: 'join' | 'leave'; group: string; user: string; source: string }
  | { do: 'deactivate' | 'activate'; user: string }
  | { do: 'drop-table'; table: string }
  | { do: 'limit'; group: string; table: string; row_filter: string | null; mask: string | null }
  | { do: 'unlimit'; group: string; table: string }
  | { do: 'drop-group' | 'make-group'; group: string };

const user = fc.constantFrom(...USERS);
const table = fc.constantFrom(...TABLES);
const group = fc.constantFrom(...GROUPS);
const ownGroup = fc.constantFrom('Sales', 'Finance');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('grant', 'revoke'), group, table }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('join', 'leave'), group, user, source: fc.constantFrom(...SOURCES) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('limit' as const),
      ...{
        group,
        table,
        row_filter: fc.option(fc.constantFrom('f1', 'f2')),
        mask: fc.option(fc.constantFrom('m1', 'm2')),
      },
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('unlimit' as const), group, table }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('deactivate', 'activate'), user }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop-table' as const), table }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('drop-group', 'make-group'), group: ownGroup }) },
);

interface Rules {
  readonly row_filter: string | null;
  readonly mask: string | null;
}

/** What should be true, in the plainest form. */
class Model {
  readonly grants = new Set<string>();
  readonly policies = new Map<string, Rules>();
  readonly members = new Set<string>();
  readonly inactive = new Set<string>();
  readonly groups = new Set(GROUPS);

  apply(change: Step): void {
    switch (change.do) {
      case 'grant':
        if (this.groups.has(change.group)) this.grants.add(`${change.group}/${change.table}`);
        break;
      case 'revoke':
        this.grants.delete(`${change.group}/${change.table}`);
        break;
      case 'join':
        if (this.groups.has(change.group) && change.group !== 'Everyone') {
          this.members.add(`${change.group}/${change.user}/${change.source}`);
        }
        break;
      case 'leave':
        this.members.delete(`${change.group}/${change.user}/${change.source}`);
        break;
      case 'activate':
        this.inactive.delete(change.user);
        break;
      case 'deactivate':
        this.inactive.add(change.user);
        break;
      case 'drop-table':
        for (const name of GROUPS) {
          this.grants.delete(`${name}/${change.table}`);
          this.policies.delete(`${name}/${change.table}`);
        }
        break;
      case 'limit':
        if (this.groups.has(change.group) && (change.row_filter !== null || change.mask !== null)) {
          this.policies.set(`${change.group}/${change.table}`, change);
        }
        break;
      case 'unlimit':
        this.policies.delete(`${change.group}/${change.table}`);
        break;
      case 'make-group':
        this.groups.add(change.group);
        break;
      case 'drop-group':
        this.groups.delete(change.group);
        for (const set of [this.grants, this.members, this.policies]) {
          for (const entry of set.keys()) if (entry.startsWith(`${change.group}/`)) set.delete(entry);
        }
    }
  }

  isIn(person: string, name: string): boolean {
    return SOURCES.some((source) => this.members.has(`${name}/${person}/${source}`));
  }

  /** Groups through which somebody has a table. An administrator needs none. */
  via(person: string, resource: string): string[] {
    const groups = GROUPS.filter((name) =>
      name === 'Everyone' ? !this.inactive.has(person) : this.isIn(person, name),
    );
    return groups.filter((name) => this.grants.has(`${name}/${resource}`));
  }

  may(person: string, resource: string): boolean {
    // A deactivated account is turned away before any question of access; it keeps its memberships for its return.
    return this.isIn(person, 'Admin') || this.via(person, resource).length > 0;
  }

  /** Whether a row shows, and what in its masked column: the rules, on a row for which these filters are true. */
  row(person: string, resource: string, ids: ReadonlyMap<string, string>, holds: readonly string[]): string {
    if (this.isIn(person, 'Admin')) return 'value';
    const via = this.via(person, resource);
    const rules = via.map((name) => ({ id: ids.get(name) ?? '', ...this.policies.get(`${name}/${resource}`) }));
    if (rules.some((one) => one.mask === undefined)) return 'value';
    const letting = rules.filter(({ row_filter }) => row_filter == null || holds.includes(row_filter));
    if (letting.length === 0) return 'no row';
    const [first] = letting.sort((x, y) => (x.id < y.id ? -1 : 1));
    return letting.some(({ mask }) => mask === null) ? 'value' : (first?.mask ?? '');
  }
}

/** The same by what the decision says of policies. */
function rowOf(policy: EffectivePolicy | undefined, holds: readonly string[]): string {
  if (policy === undefined) return 'value';
  const letting = policy.branches.filter(({ row_filter }) => row_filter === null || holds.includes(row_filter));
  if (letting.length === 0) return 'no row';
  return letting.some(({ column_masks }) => column_masks.vat === undefined)
    ? 'value'
    : (letting[0]?.column_masks.vat ?? '');
}

let folder: string;
let state: State;
let access: Access;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-leaks-'));
  state = await openState(await testState(join(folder, 'system.duckdb')));
  access = createAccess({ state });
  access.registerResourceType({
    key: 'table',
    display_name: 'Table',
    description: 'A table.',
    id_format: 't…',
    resolve: async (id) => (TABLES.includes(id) ? { id, name: id } : undefined),
    listBlocks: async () => [],
    names: async () => new Map(),
  });
  access.setPolicyValidator(async () => {});
});
afterAll(async () => {
  await state.close();
  await rm(folder, { recursive: true, force: true });
});

async function reset(): Promise<void> {
  const now = new Date();
  await state.write(async (tx) => {
    for (const name of [schema.tablePolicies, schema.resourceGrants, schema.userGroupMembers, schema.userGroups]) {
      await tx.delete(name);
    }
    await tx.delete(schema.users);
    for (const id of [ROOT, ...USERS]) {
      await tx.insert(schema.users).values({ id, email: `${id}@example.com`, created_at: now, updated_at: now });
    }
  });
  await access.seedSystemGroups();
  await access.addMember('Admin', ROOT, 'admin', null);
  for (const name of ['Sales', 'Finance']) await access.createGroup({ name }, ROOT);
}

async function perform(change: Step): Promise<void> {
  switch (change.do) {
    case 'grant':
      await access.createGrant({ group_id: change.group, resource_type: 'table', resource_id: change.table }, ROOT);
      break;
    case 'revoke': {
      const grants = await access.listGrants({ group_id: change.group });
      const grant = grants.find(({ resource_id }) => resource_id === change.table);
      if (grant !== undefined) await access.deleteGrant(grant.id, ROOT);
      break;
    }
    case 'join':
      await access.addMember(change.group, change.user, change.source, ROOT);
      break;
    case 'leave':
      await access.removeMember(change.group, change.user, change.source, ROOT);
      break;
    case 'activate':
    case 'deactivate': {
      const active = change.do === 'activate';
      await state.write((tx) => tx.update(schema.users).set({ active }).where(eq(schema.users.id, change.user)));
      break;
    }
    case 'drop-table':
      await state.write((tx) => access.revokeResource(tx, 'table', change.table));
      break;
    case 'limit': {
      const [there] = await access.listPolicies({ table_id: change.table, group_id: change.group });
      const rules = { row_filter: change.row_filter, column_masks: change.mask === null ? {} : { vat: change.mask } };
      if (there !== undefined) await access.updatePolicy(there.id, rules, ROOT);
      else await access.createPolicy({ table_id: change.table, group_id: change.group, ...rules }, ROOT);
      break;
    }
    case 'unlimit': {
      const [there] = await access.listPolicies({ table_id: change.table, group_id: change.group });
      if (there !== undefined) await access.deletePolicy(there.id, ROOT);
      break;
    }
    case 'make-group':
      await access.createGroup({ name: change.group }, ROOT);
      break;
    case 'drop-group':
      await access.deleteGroup(change.group, ROOT);
  }
}

async function principal(userId: string): Promise<Principal> {
  const groups = await access.groupsOf(userId);
  return { userId, groupIds: groups.map(({ id }) => id), isAdmin: isAdmin(groups) };
}

/** Which filters are true for the rows that are looked at. */
const ROWS = [[], ['f1'], ['f2'], ['f1', 'f2']];

test('no sequence of grants, policies, revokes and memberships shows more or less than a plain model says', async () => {
  const counts = { steps: 0, leaks: 0, rows: 0, limited: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30, size: 'max' }), async (changes) => {
      await reset();
      const model = new Model();
      /** Rules by class of policy: a class never stands for two things. */
      const classes = new Map<string, string>();
      for (const change of changes) {
        await perform(change).catch((error: unknown) => {
          // Doing what is done already, or naming a group that is gone, is refused and changes nothing.
          if (!isAgnesError(error)) throw error;
        });
        model.apply(change);
        counts.steps += 1;
        const ids = new Map((await access.listGroups()).map(({ id, name }) => [name, id]));
        for (const person of USERS) {
          const who = await principal(person);
          const expected = TABLES.filter((resource) => model.may(person, resource));
          const listed = await access.readable(who, 'table');
          const found = listed === 'all' ? TABLES : TABLES.filter((resource) => listed.has(resource));
          counts.leaks += found.filter((resource) => !expected.includes(resource)).length;
          expect(found, JSON.stringify(change)).toEqual(expected);
          expect(who.groupIds.includes(EVERYONE_GROUP_ID)).toBe(!model.inactive.has(person));
          const probe = TABLES[counts.steps % TABLES.length] ?? '';
          expect(await access.can(who, 'table', probe)).toBe(expected.includes(probe));

          const { policies } = await access.tables(who);
          for (const resource of TABLES) {
            const policy = await access.policyFor(who, resource);
            expect(policies.get(resource)).toBe(expected.includes(resource) ? policy : undefined);
            for (const holds of ROWS) {
              const shown = rowOf(policy, holds);
              const should = model.row(person, resource, ids, holds);
              counts.leaks += Number(should === 'no row' && shown !== should);
              counts.rows += 1;
              expect(shown, `${person} ${resource} ${holds} after ${JSON.stringify(change)}`).toBe(should);
            }
            if (policy === undefined) continue;
            counts.limited += 1;
            const rules = JSON.stringify([resource, policy.branches, policy.caller]);
            expect(classes.get(policy.id) ?? rules).toBe(rules);
            classes.set(policy.id, rules);
          }
        }
      }
    }),
    { numRuns: Number(process.env.AGNES_RANDOM_RUNS ?? 12) },
  );
  const { steps, leaks, rows, limited } = counts;
  process.stderr.write(
    `random grants, policies and revokes: ${steps} steps, ${rows} rows looked at, ${limited} views of a part, leaks: ${leaks}\n`,
  );
  expect(leaks).toBe(0);
  expect(limited).toBeGreaterThan(0);
});
