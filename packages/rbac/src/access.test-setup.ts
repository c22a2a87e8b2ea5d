import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openState, readVersion, type State, schema } from '@agnes/state';
import { testState } from '@agnes/testkit';
import { type Access, type AccessOptions, createAccess, isAdmin, type Principal } from './index.ts';

export const ROOT = 'user_root';
export const TABLES = [
  { id: 'table_1', name: 'orders' },
  { id: 'table_2', name: 'customers' },
];

/** Access over a real state with two tables, for tests. */
export interface TestAccess extends AsyncDisposable {
  readonly state: State;
  /** Empties the state and begins anew, with an administrator. */
  begin(options?: Partial<AccessOptions>): Promise<Access>;
  addUser(id: string, email?: string): Promise<void>;
  principal(access: Access, userId: string): Promise<Principal>;
  version(): Promise<number>;
  /** Actions of the audit log, in order. */
  audited(): Promise<string[]>;
}

export async function testAccess(): Promise<TestAccess> {
  const folder = await mkdtemp(join(tmpdir(), 'agnes-access-'));
  const state = await openState(await testState(join(folder, 'system.duckdb')));
  const it: TestAccess = {
    state,
    async begin(options = {}) {
      await state.write(async (tx) => {
        for (const rows of [
          schema.tablePolicies,
          schema.resourceGrants,
          schema.userGroupMembers,
          schema.userGroups,
          schema.users,
          schema.auditLog,
        ]) {
          await tx.delete(rows);
        }
      });
      const access = createAccess({ state, ...options });
      access.registerResourceType({
        key: 'table',
        display_name: 'Table',
        description: 'A table of the catalog.',
        id_format: 'table_…',
        resolve: async (idOrName) => TABLES.find(({ id, name }) => id === idOrName || name === idOrName),
        listBlocks: async () => [],
        names: async (ids) => new Map(TABLES.filter(({ id }) => ids.includes(id)).map(({ id, name }) => [id, name])),
      });
      await access.seedSystemGroups();
      await it.addUser(ROOT, 'root@example.com');
      await access.addMember('Admin', ROOT, 'system_seed', null);
      return access;
    },
    async addUser(id, email = `${id}@example.com`) {
      const now = new Date();
      await state.write((tx) => tx.insert(schema.users).values({ id, email, created_at: now, updated_at: now }));
    },
    async principal(access, userId) {
      const groups = await access.groupsOf(userId);
      return { userId, groupIds: groups.map(({ id }) => id), isAdmin: isAdmin(groups) };
    },
    version: () => readVersion(state.db, 'access_version'),
    async audited() {
      const rows = await state.db.select().from(schema.auditLog).orderBy(schema.auditLog.id);
      return rows.map(({ action }) => action);
    },
    async [Symbol.asyncDispose]() {
      await state.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return it;
}
