import { AgnesError } from '@agnes/errors';
import { type State, schema } from '@agnes/state';
import { asc, eq } from 'drizzle-orm';
import { EVERYONE_GROUP_ID } from './groups.ts';
import { type GroupOrigin, originOf } from './managed-groups.ts';
import { getPerson } from './people.ts';

/** That somebody is in a group, as one source says. */
export interface GroupMembership {
  readonly group_id: string;
  readonly group_name: string;
  readonly is_system: boolean;
  readonly origin: GroupOrigin;
  /** `implicit` for Everyone. */
  readonly source: string;
  readonly added_at: Date;
  readonly added_by: string | null;
}

/** The groups of a person (id or e-mail address) by name, an entry for each source. Throws `user_not_found`. */
export async function listMemberships(state: State, user: string): Promise<GroupMembership[]> {
  const { userGroupMembers, userGroups, users } = schema;
  const person = await getPerson(state.db, user);
  const [account] = await state.db.select().from(users).where(eq(users.id, person.id));
  const rows = await state.db
    .select({ group: userGroups, member: userGroupMembers })
    .from(userGroupMembers)
    .innerJoin(userGroups, eq(userGroups.id, userGroupMembers.group_id))
    .where(eq(userGroupMembers.user_id, person.id))
    .orderBy(asc(userGroups.name), asc(userGroupMembers.source));
  const explicit = rows.map(({ group, member: { source, added_at, added_by } }) => ({
    group_id: group.id,
    group_name: group.name,
    is_system: group.is_system,
    origin: originOf(group),
    ...{ source, added_at, added_by },
  }));
  if (account === undefined || !account.active) return explicit;
  const everyone = { group_id: EVERYONE_GROUP_ID, group_name: 'Everyone', is_system: true, origin: 'system' } as const;
  return [{ ...everyone, source: 'implicit', added_at: account.created_at, added_by: null }, ...explicit];
}

/** The membership that a source just gave. */
export async function membershipOf(
  state: State,
  user: string,
  groupId: string,
  source: string,
): Promise<GroupMembership> {
  const found = (await listMemberships(state, user)).find((one) => one.group_id === groupId && one.source === source);
  if (found !== undefined) return found;
  throw new AgnesError('member_not_found', 'The membership was taken back at the same time.', {
    hint: 'See who is in the group: agnes admin group members <group>',
  });
}
