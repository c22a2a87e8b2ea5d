import { recordAudit } from '@agnes/rbac';
import type { StateDatabase } from '@agnes/state';
import { dropExpiredSessions, issueToken } from './credentials.ts';
import type { NewSession } from './sign-in.ts';
import type { User } from './users.ts';
import type { Peer } from './ways-in.ts';

export interface SessionStart {
  readonly user: User;
  readonly method: string;
  readonly peer: Peer;
  readonly now: Date;
  readonly hours: number;
}

/** Starts a session inside a transaction. */
export async function startSession(
  tx: StateDatabase,
  { user, method, peer, now, hours }: SessionStart,
): Promise<NewSession> {
  await dropExpiredSessions(tx, user.id, now);
  await recordAudit(tx, { userId: user.id, action: 'auth.sign_in', params: { method }, ip: peer.ip });
  const expiresAt = new Date(now.getTime() + hours * 3_600_000);
  return { session: await issueToken(tx, { userId: user.id, kind: 'session', name: 'session', now, expiresAt }), user };
}
