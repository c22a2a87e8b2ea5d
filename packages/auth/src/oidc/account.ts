import { recordAudit } from '@agnes/rbac';
import { type StateDatabase, schema } from '@agnes/state';
import { and, eq } from 'drizzle-orm';
import { dropOneTimeTokens } from '../one-time-tokens.ts';
import { insertUser, type User } from '../users.ts';
import type { Identity } from './claims.ts';
import { refuseSignIn } from './refusal.ts';

/** An account, and whether it was made just now. */
export interface FoundAccount {
  readonly user: User;
  readonly isNew: boolean;
}

/**
 * The account of an identity, inside a transaction: the one it belongs to, else the one of its verified address, which it
 * then belongs to, else a new one where the provider may make them. Throws the refusal.
 */
export async function accountOf(
  tx: StateDatabase,
  identity: Identity,
  { autoCreate, at }: { readonly autoCreate: boolean; readonly at: Date },
): Promise<FoundAccount> {
  const { userIdentities, users } = schema;
  const { provider, subject, email } = identity;
  const key = and(eq(userIdentities.provider, provider), eq(userIdentities.subject, subject));
  const [known] = await tx
    .select({ user: users })
    .from(userIdentities)
    .innerJoin(users, eq(users.id, userIdentities.user_id))
    .where(key);
  if (known !== undefined) {
    await tx.update(userIdentities).set({ email, last_used_at: at }).where(key);
    return { user: active(known.user), isNew: false };
  }

  const [sameAddress] = await tx.select().from(users).where(eq(users.email, email));
  if (sameAddress === undefined && !autoCreate) throw refuseSignIn('no_account');
  const user = active(sameAddress ?? (await insertUser(tx, { email, name: identity.name, hash: null }, null, at)));
  const [other] = await tx
    .select()
    .from(userIdentities)
    .where(and(eq(userIdentities.provider, provider), eq(userIdentities.user_id, user.id)));
  // Addresses are given to new people; an account stays with whom it was made for.
  if (other !== undefined) throw refuseSignIn('other_identity');
  await tx
    .insert(userIdentities)
    .values({ provider, subject, user_id: user.id, email, created_at: at, last_used_at: at });
  // From here on the provider decides whether they come in; an invitation from before would walk around it.
  if (user.password_hash === null) await dropOneTimeTokens(tx, user.id);
  await recordAudit(tx, {
    userId: user.id,
    action: 'user.link_identity',
    resource: `user:${user.id}`,
    params: { provider },
  });
  return { user, isNew: sameAddress === undefined };
}

function active(user: User): User {
  if (!user.active) throw refuseSignIn('deactivated');
  return user;
}
