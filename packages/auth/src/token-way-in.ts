import { type Access, isAdmin } from '@agnes/rbac';
import { type State, schema } from '@agnes/state';
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

/** Sessions and access tokens in the Authorization header. Account, groups and token are read anew for each request. */
export function tokenWayIn({ state, access, lastUse, now }: Options): WayIn {
  const { accessTokens, users } = schema;
  return async (headers, peer): Promise<Caller | undefined> => {
    const text = bearerToken(headers);
    if (text === undefined) return undefined;
    if (!isTokenText(text)) throw invalidToken();
    const [found] = await state.db
      .select({ token: accessTokens, user: users })
      .from(accessTokens)
      .innerJoin(users, eq(users.id, accessTokens.user_id))
      .where(eq(accessTokens.token_hash, hashToken(text)));
    if (found === undefined) throw invalidToken();
    const { token, user } = found;
    if (token.revoked_at !== null) throw invalidToken();
    if (token.expires_at !== null && token.expires_at <= now()) throw invalidToken();
    if (!user.active) throw accountDeactivated();
    const groups = await access.groupsOf(user.id);
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
