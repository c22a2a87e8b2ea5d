import { AgnesError } from '@agnes/errors';
import { type StateDatabase, schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import type { User } from './users.ts';

/** The source of memberships that come from Google Workspace. */
export const GOOGLE_SOURCE = 'google_sync';
/** The source of memberships that come from a claim of an OIDC provider. */
export const oidcSource = (provider: string): string => `oidc:${provider}`;

/** Whether memberships of that source come from an identity provider. */
export const isSsoSource = (source: string): boolean => source === GOOGLE_SOURCE || source.startsWith(oidcSource(''));

/**
 * Whether an identity provider answers for somebody: their groups come from one, or they only ever came in through one. Such
 * an account gets no link by mail, and no password by mail or from an administrator.
 */
export async function ssoManaged(db: StateDatabase, userId: string): Promise<boolean> {
  const { userGroupMembers, userIdentities, users } = schema;
  const memberships = await db
    .select({ source: userGroupMembers.source })
    .from(userGroupMembers)
    .where(eq(userGroupMembers.user_id, userId));
  if (memberships.some(({ source }) => isSsoSource(source))) return true;
  const [found] = await db
    .select({ hash: users.password_hash })
    .from(userIdentities)
    .innerJoin(users, eq(users.id, userIdentities.user_id))
    .where(eq(userIdentities.user_id, userId))
    .limit(1);
  return found !== undefined && found.hash === null;
}

/** Throws `sso_account` for an account that an identity provider answers for. */
export async function refuseSsoManaged(db: StateDatabase, user: User): Promise<void> {
  if (!(await ssoManaged(db, user.id))) return;
  throw new AgnesError('sso_account', `${user.email} signs in through an identity provider.`, {
    hint: 'Change their access there; a password here would walk around it.',
  });
}
