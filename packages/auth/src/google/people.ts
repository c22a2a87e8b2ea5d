import { type StateDatabase, schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import { GOOGLE_SOURCE } from '../sso-managed.ts';
import type { User } from '../users.ts';
import { GOOGLE_SYNC } from './apply-groups.ts';

/**
 * Everybody who came in through Google or has memberships from there, with their address at Google, in the order of their
 * ids; not those whom somebody else deactivated.
 */
export async function googlePeople(db: StateDatabase): Promise<{ readonly user: User; readonly email: string }[]> {
  const { userGroupMembers, userIdentities, users } = schema;
  const [identities, members] = await Promise.all([
    db
      .select({ user: users, email: userIdentities.email })
      .from(userIdentities)
      .innerJoin(users, eq(users.id, userIdentities.user_id))
      .where(eq(userIdentities.provider, 'google')),
    db
      .select({ user: users })
      .from(userGroupMembers)
      .innerJoin(users, eq(users.id, userGroupMembers.user_id))
      .where(eq(userGroupMembers.source, GOOGLE_SOURCE)),
  ]);
  const people = new Map(members.map(({ user }) => [user.id, { user, email: user.email }]));
  for (const identity of identities) people.set(identity.user.id, identity);
  return [...people.values()]
    .filter(({ user }) => user.active || user.deactivated_by === GOOGLE_SYNC)
    .sort((a, b) => (a.user.id < b.user.id ? -1 : 1));
}
