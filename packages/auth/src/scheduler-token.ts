import type { Caller } from './caller.ts';
import { sameSecret } from './same-secret.ts';
import { bearerToken, type WayIn } from './ways-in.ts';

/** No account and no administrator: operations that admit the scheduler say so, and no other does. */
const SCHEDULER: Caller = {
  userId: 'scheduler',
  email: 'scheduler@system.local',
  name: 'Scheduler',
  groups: [],
  groupIds: [],
  isAdmin: false,
  credential: { kind: 'scheduler', id: 'scheduler', name: 'scheduler', scope: 'scheduler', expires_at: null },
};

/** The secret that the server and its scheduler share. Throws an `Error` for one shorter than 32 characters. */
export function schedulerWayIn(secret: string): WayIn {
  if (secret.length < 32) throw new Error("The scheduler's token must have at least 32 characters.");
  return async (headers) => {
    const token = bearerToken(headers);
    return token !== undefined && sameSecret(token, secret) ? SCHEDULER : undefined;
  };
}
