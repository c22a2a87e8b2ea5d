import { type Access, isAdmin, type Membership } from '@agnes/rbac';
import { createVersionCache, type State, schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import type { Caller } from './caller.ts';
import type { LastUse } from './last-use.ts';
import type { SessionCookie } from './session-cookie.ts';
import { isIdle, isOver } from './sessions.ts';
import { hashToken, isSessionText, isTokenText } from './token-format.ts';
import { accountDeactivated, bearerToken, invalidToken, type Peer, type WayIn } from './ways-in.ts';

interface Options {
  readonly state: State;
  readonly access: Access;
  readonly lastUse: LastUse;
  readonly now: () => Date;
  readonly idleMinutes: number | undefined;
}

/** Tokens that are held at a time. */
const MOST_HELD = 10_000;

interface Known {
  readonly token: typeof schema.accessTokens.$inferSelect;
  readonly user: typeof schema.users.$inferSelect;
  readonly groups: readonly Membership[];
}

/** The caller whose token that is. Throws `invalid_credentials`, `account_deactivated`. */
export type ReadToken = (text: string, peer: Peer) => Promise<Caller>;

/**
 * Reads sessions and access tokens. Token, account and groups are held until `access_version` moves,
 * as it does with every change of one of them, so that a revoke counts from the next request; expiry is looked at each time.
 */
export function tokenReader({ state, access, lastUse, now, idleMinutes }: Options): ReadToken {
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
  /** What is held of a token is as old as the last change of access, and its last use is newer than that. */
  const isLeftAlone = async (token: Known['token']): Promise<boolean> => {
    const seen = { ...token, last_used_at: lastUse.of(token) };
    if (!isIdle(seen, idleMinutes, now())) return false;
    const [row] = await state.db.select().from(accessTokens).where(eq(accessTokens.id, token.id));
    return row === undefined || isIdle(row, idleMinutes, now());
  };
  return async (text, peer) => {
    if (!isTokenText(text)) throw invalidToken();
    const hash = hashToken(text);
    const { token, user, groups } = await known(hash, () => read(hash));
    if (token.revoked_at !== null) throw invalidToken();
    if (isOver(token, now())) throw invalidToken();
    if (await isLeftAlone(token)) throw invalidToken();
    if (!user.active) throw accountDeactivated();
    lastUse.note(token, peer.ip);
    return callerFrom(user, groups, {
      kind: token.kind === 'session' ? 'session' : 'personal',
      id: token.id,
      name: token.name,
      scope: token.scope,
      expires_at: token.expires_at,
      method: token.auth_method,
    });
  };
}

/** Sessions and access tokens in the Authorization header. */
export function bearerWayIn(readToken: ReadToken): WayIn {
  return async (headers, peer) => {
    const text = bearerToken(headers);
    return text === undefined ? undefined : readToken(text, peer);
  };
}

/**
 * The session in a browser's cookie, and nothing else: an access token there, or the scheduler's, is refused. That a request
 * with a cookie changes something only when it comes from a page of this server is seen to before.
 */
export function cookieWayIn(cookie: SessionCookie, readToken: ReadToken): WayIn {
  return async (headers, peer) => {
    const text = cookie.read(headers);
    if (text === undefined) return undefined;
    if (!isSessionText(text)) throw invalidToken();
    return readToken(text, peer);
  };
}

/** The caller that an account and its groups make. */
export function callerFrom(
  user: Known['user'],
  groups: readonly Membership[],
  credential: Caller['credential'],
): Caller {
  return {
    userId: user.id,
    email: user.email,
    name: user.name,
    groups: groups.map(({ id, name }) => ({ id, name })),
    groupIds: groups.map(({ id }) => id),
    isAdmin: isAdmin(groups),
    credential,
  };
}
