import type { SignInSettings } from '@agnes/config';
import { ADMIN_GROUP_ID } from '@agnes/rbac';
import { type StateDatabase, schema } from '@agnes/state';
import { and, asc, eq } from 'drizzle-orm';
import { domainAllowed } from './oidc/claims.ts';
import { ssoManaged } from './sso-managed.ts';
import type { User } from './users.ts';

/**
 * The addresses of the active administrators when there is none among them who can sign in: no password, no identity provider
 * that answers for the address, no mail server that a sign-in link could go through. Undefined when one of them can.
 */
export async function shutOutAdmins(
  db: StateDatabase,
  signIn: SignInSettings | undefined,
): Promise<readonly string[] | undefined> {
  const { userGroupMembers, users } = schema;
  const rows = await db
    .select({ user: users })
    .from(userGroupMembers)
    .innerJoin(users, eq(users.id, userGroupMembers.user_id))
    .where(and(eq(userGroupMembers.group_id, ADMIN_GROUP_ID), eq(users.active, true)))
    .orderBy(asc(users.email));
  for (const { user } of rows) if (await hasWayIn(db, signIn, user)) return undefined;
  return [...new Set(rows.map(({ user }) => user.email))];
}

async function hasWayIn(db: StateDatabase, signIn: SignInSettings | undefined, user: User): Promise<boolean> {
  if (user.password_hash !== null) return true;
  if (signIn?.oidc.some(({ allowedDomains }) => domainAllowed(allowedDomains, user.email)) === true) return true;
  // Whom a provider answers for is sent no link.
  return signIn?.mail !== undefined && !(await ssoManaged(db, user.id));
}
