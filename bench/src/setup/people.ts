import { join } from 'node:path';
import { createClient } from '@agnes/api-client';
import { bumpVersion, newId, openState, schema } from '@agnes/state';
import type { Server } from './server.ts';

export const GROUPS = 100;
export const PEOPLE = 1000;
/** Groups that a person is in. */
const GROUPS_EACH = 5;

/**
 * Writes groups and people into the state of a server that does not run: each group is granted a tenth of the tables, each
 * person is in five groups. The first `readers` of them exist already, by these addresses.
 */
export async function fillAccess(dataDir: string, readers: readonly string[]): Promise<void> {
  const state = await openState({ path: join(dataDir, 'state', 'system.duckdb') });
  try {
    const now = new Date();
    const tables = await state.db.select({ id: schema.tableRegistry.id }).from(schema.tableRegistry);
    const groups = Array.from({ length: GROUPS }, (_, index) => ({
      id: newId('group'),
      name: `group ${index}`,
      index,
    }));
    await state.write(async (tx) => {
      await tx.insert(schema.userGroups).values(groups.map(({ id, name }) => ({ id, name, created_at: now })));
      const grants = groups.flatMap(({ id, index }) =>
        tables
          .filter((_, at) => at % 10 === index % 10)
          .map((table) => ({
            id: newId('grant'),
            group_id: id,
            resource_type: 'table',
            resource_id: table.id,
            assigned_at: now,
          })),
      );
      for (let from = 0; from < grants.length; from += 500) {
        await tx.insert(schema.resourceGrants).values(grants.slice(from, from + 500));
      }
      const accounts = await tx.select({ id: schema.users.id, email: schema.users.email }).from(schema.users);
      const known = accounts.filter(({ email }) => readers.includes(email)).map(({ id }) => id);
      if (known.length !== readers.length) throw new Error('Not everybody who will ask has an account.');
      const others = Array.from({ length: PEOPLE - readers.length }, (_, index) => ({
        id: newId('user'),
        email: `person${index}@example.com`,
        created_at: now,
        updated_at: now,
      }));
      await tx.insert(schema.users).values(others);
      const members = [...known, ...others.map(({ id }) => id)].flatMap((userId, person) =>
        groups.slice(0, GROUPS_EACH).map((_, nth) => ({
          user_id: userId,
          group_id: groups[(person * GROUPS_EACH + nth) % GROUPS]?.id ?? '',
          source: 'admin',
          added_at: now,
        })),
      );
      for (let from = 0; from < members.length; from += 500) {
        await tx.insert(schema.userGroupMembers).values(members.slice(from, from + 500));
      }
      await bumpVersion(tx, 'access_version');
    });
    await state.checkpoint();
  } finally {
    await state.close();
  }
}

const PASSWORD = 'a long pass phrase of the benchmark';

export const readerEmail = (index: number): string => `reader${index}@example.com`;

/** Adds accounts that can sign in. */
export async function addReaders({ client }: Server, count: number): Promise<string[]> {
  const emails = Array.from({ length: count }, (_, index) => readerEmail(index));
  for (const email of emails) await client.createUser({ body: { email, password: PASSWORD } });
  return emails;
}

/** The tokens of sessions of theirs. */
export async function signInReaders({ url }: Server, emails: readonly string[]): Promise<string[]> {
  const tokens: string[] = [];
  for (const email of emails) {
    const { access_token } = await createClient({ server: url }).signIn({ body: { email, password: PASSWORD } });
    tokens.push(access_token);
  }
  return tokens;
}
