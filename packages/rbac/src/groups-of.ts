import { type State, schema } from '@agnes/state';
import { asc, eq } from 'drizzle-orm';
import { ADMIN_GROUP_ID, EVERYONE_GROUP_ID } from './groups.ts';

/** A group somebody is in, and who said so first. */
export interface Membership {
  readonly id: string;
  readonly name: string;
  readonly is_system: boolean;
  readonly created_by: string | null;
  /** `implicit` for Everyone. */
  readonly source: string;
}

/** The groups somebody is in. Everyone is among them while the account is active. */
export async function groupsOf(state: State, userId: string): Promise<Membership[]> {
  return (await membershipsByUser(state, userId)).get(userId) ?? [];
}

/** {@link groupsOf} for everybody, or for one person, in two queries. */
export async function membershipsByUser(state: State, userId?: string): Promise<Map<string, Membership[]>> {
  const { userGroupMembers, userGroups, users } = schema;
  const [people, rows] = await Promise.all([
    state.db
      .select({ id: users.id, active: users.active })
      .from(users)
      .where(userId === undefined ? undefined : eq(users.id, userId)),
    state.db
      .select({
        userId: userGroupMembers.user_id,
        id: userGroups.id,
        name: userGroups.name,
        is_system: userGroups.is_system,
        created_by: userGroups.created_by,
        source: userGroupMembers.source,
      })
      .from(userGroupMembers)
      .innerJoin(userGroups, eq(userGroups.id, userGroupMembers.group_id))
      .where(userId === undefined ? undefined : eq(userGroupMembers.user_id, userId))
      .orderBy(asc(userGroups.name), asc(userGroupMembers.source)),
  ]);
  const result = new Map<string, Membership[]>(
    people.map(({ id, active }) => [id, active ? [EVERYONE_MEMBERSHIP] : []]),
  );
  for (const { userId: member, ...membership } of rows) {
    const groups = result.get(member);
    if (groups !== undefined && !groups.some(({ id }) => id === membership.id)) groups.push(membership);
  }
  return result;
}

const EVERYONE_MEMBERSHIP: Membership = {
  id: EVERYONE_GROUP_ID,
  name: 'Everyone',
  is_system: true,
  created_by: 'system',
  source: 'implicit',
};

/** Whether these groups make an administrator. */
export const isAdmin = (groups: readonly { readonly id: string }[]): boolean =>
  groups.some(({ id }) => id === ADMIN_GROUP_ID);
