import { AgnesError } from '@agnes/errors';
import { dropApprovedDevices, endSessions, recordAudit } from '@agnes/rbac';
import { bumpVersion, type State, type StateDatabase, schema } from '@agnes/state';
import { and, desc, eq, isNull } from 'drizzle-orm';
import { type IssuedToken, issueToken, type TokenRecord, withoutHash } from './credentials.ts';
import { pruneSessions } from './session-rows.ts';
import type { User } from './users.ts';
import type { Peer } from './ways-in.ts';

/** How a person proved who they are. */
export type SignInMethod =
  | 'password'
  | 'magic_link'
  | 'password_reset'
  | 'invite'
  | 'device'
  | 'bootstrap'
  | `oidc:${string}`;

export interface StartSession {
  readonly user: User;
  readonly method: SignInMethod;
  readonly peer: Peer;
  readonly now: Date;
  /** How long it lasts at most. */
  readonly hours: number;
}

export interface NewSession {
  readonly session: IssuedToken & { readonly expires_at: Date };
  readonly user: User;
}

/** How long sessions last. */
export interface SessionTimes {
  /** From sign-in, whatever happens. */
  readonly hours: number;
  /** Since it was last used; undefined for no such limit. */
  readonly idleMinutes: number | undefined;
}

/**
 * Opens a session for a person who has proved who they are, inside the transaction that found it so. Each way in ends here.
 * Whoever changes memberships does so before: gaining or losing Admin ends the sessions that are open.
 */
export async function startSession(
  tx: StateDatabase,
  { user, method, peer, now, hours }: StartSession,
): Promise<NewSession> {
  await pruneSessions(tx, user.id, now);
  const session = await issueToken(tx, {
    userId: user.id,
    kind: 'session',
    name: 'session',
    now,
    expiresAt: new Date(now.getTime() + hours * 3_600_000),
    method,
    peer,
  });
  await recordAudit(tx, {
    userId: user.id,
    action: 'auth.sign_in',
    params: { method },
    ip: peer.ip,
    credentialId: session.id,
  });
  return { session, user };
}

/** A person's sessions. */
export interface Sessions {
  /** Those that are open, the newest first. */
  list(userId: string): Promise<TokenRecord[]>;
  /** Ends one; the next request with it fails. Throws `session_not_found`, also for somebody else's. */
  end(id: string, who: { readonly owner: string; readonly by: string }): Promise<void>;
  /** Ends all of them, but for one, and says how many. */
  endAll(userId: string, who: { readonly by: string; readonly except?: string }): Promise<number>;
}

export function createSessions(state: State, { idleMinutes }: SessionTimes, now: () => Date): Sessions {
  const { accessTokens } = schema;
  const openOf = async (db: StateDatabase, userId: string): Promise<TokenRecord[]> => {
    const rows = await db
      .select()
      .from(accessTokens)
      .where(and(eq(accessTokens.user_id, userId), eq(accessTokens.kind, 'session'), isNull(accessTokens.revoked_at)))
      .orderBy(desc(accessTokens.created_at), desc(accessTokens.id));
    return rows.filter((row) => !isOver(row, now()) && !isIdle(row, idleMinutes, now())).map(withoutHash);
  };
  return {
    list: (userId) => openOf(state.db, userId),
    end: (id, { owner, by }) =>
      state.write(async (tx) => {
        if (!(await openOf(tx, owner)).some((session) => session.id === id)) {
          throw new AgnesError('session_not_found', `There is no open session '${id}'.`, {
            hint: owner === by ? 'agnes auth sessions list' : `agnes admin sessions list ${owner}`,
          });
        }
        await tx.update(accessTokens).set({ revoked_at: now() }).where(eq(accessTokens.id, id));
        await dropApprovedDevices(tx, owner);
        await bumpVersion(tx, 'access_version');
        await recordAudit(tx, { userId: by, action: 'session.end', resource: `session:${id}`, params: { owner } });
      }),
    endAll: (userId, { by, except }) =>
      state.write(async (tx) => {
        const ended = await endSessions(tx, userId, now(), except);
        await recordAudit(tx, {
          userId: by,
          action: 'session.end_all',
          resource: `user:${userId}`,
          params: { ended, kept: except ?? null },
        });
        return ended;
      }),
  };
}

type Lifetime = Pick<TokenRecord, 'kind' | 'created_at' | 'expires_at' | 'last_used_at'>;

/** Whether a session or token is past its time. */
export function isOver({ expires_at }: Pick<Lifetime, 'expires_at'>, at: Date): boolean {
  return expires_at !== null && expires_at <= at;
}

/** Whether a session was left alone too long. */
export function isIdle(token: Lifetime, idleMinutes: number | undefined, at: Date): boolean {
  if (token.kind !== 'session' || idleMinutes === undefined) return false;
  const lastUse = token.last_used_at ?? token.created_at;
  return at.getTime() - lastUse.getTime() >= idleMinutes * 60_000;
}
