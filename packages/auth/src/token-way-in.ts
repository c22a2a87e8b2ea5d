import { type Access, isAdmin, type Membership } from '@agnes/rbac';
import { createVersionCache, type State, schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import type { Caller } from './caller.ts';
import type { LastUse } from './last-use.ts';
import { hashToken, isTokenText } from './token-format.ts';
import { accountDeactivated, bearerToken, invalidToken, type WayIn } from './ways-in.ts';

interface Options {
  readonly state: State;
  readonly access: Access;
  readonly lastUse: LastUse;
  readonly now: () => Date;
}

/** Tokens that are held at a time. */
const MOST_HELD = 10_000;

interface Known {
  readonly token: typeof schema.accessTokens.$inferSelect;
  readonly user: typeof schema.users.$inferSelect;
  readonly groups: readonly Membership[];
}

/**
 * Sessions and access tokens in the Authorization header. Token, account and groups are held until `access_version` moves,
 * as it does with every change of one of them, so that a revoke counts from the next request; expiry is looked at each time.
 */
export function tokenWayIn({ state, access, lastUse, now }: Options): WayIn {
  const { accessTokens, users } = schema;
  const known = createVersionCache<Known>(state, 'access_version', MOST_HELD);

  const read = async (hash: string): Promise<Known> => {
    const [found] = await state.db
      .select({ token: accessTokens, user: users })
      .from(accessTokens)
      .innerJoin(users, eq(users.id, accessTokens.user_id))
      .where(eq(accessTokens.token_hash, hash));
    if (found === undefined) throw invalidToken();
    return { ...found, groups: await access.groupsOf(found.user.id) };
  };
  return async (headers, peer): Promise<Caller | undefined> => {
    const text = bearerToken(headers);
    if (text === undefined) return undefined;
    if (!isTokenText(text)) throw invalidToken();
    const hash = hashToken(text);
    const { token, user, groups } = await known(hash, () => read(hash));
    if (token.revoked_at !== null) throw invalidToken();
    if (token.expires_at !== null && token.expires_at <= now()) throw invalidToken();
    if (!user.active) throw accountDeactivated();
    lastUse.note(token, peer.ip);
    return {
      userId: user.id,
      email: user.email,
      name: user.name,
      groups: groups.map(({ id, name }) => ({ id, name })),
      groupIds: groups.map(({ id }) => id),
      isAdmin: isAdmin(groups),
      credential: {
        kind: token.kind === 'session' ? 'session' : 'personal',
        id: token.id,
        name: token.name,
        scope: token.scope,
        expires_at: token.expires_at,
      },
    };
  };
}
