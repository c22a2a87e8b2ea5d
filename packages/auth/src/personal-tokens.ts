import { AgnesError } from '@agnes/errors';
import { recordAudit } from '@agnes/rbac';
import { type State, schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import type { Caller } from './caller.ts';
import { type IssuedToken, issueToken } from './credentials.ts';
import { accountDeactivated } from './ways-in.ts';

export interface NewPersonalToken {
  readonly name: string;
  /** Default 90; null for a token that does not expire. */
  readonly expires_in_days?: number | null | undefined;
  /** Wins over days. */
  readonly ttl_seconds?: number | null | undefined;
  readonly scope?: string | undefined;
}

const DEFAULT_DAYS = 90;
const DAY_MS = 86_400_000;

/**
 * Makes an access token for the caller. Only a session may: a stolen token must not outlive itself. Throws
 * `session_required`.
 */
export async function createPersonalToken(
  state: State,
  caller: Caller,
  input: NewPersonalToken,
  now: Date,
): Promise<IssuedToken> {
  if (caller.credential.kind !== 'session') {
    throw new AgnesError('session_required', 'An access token cannot make access tokens.', {
      hint: 'Sign in first: agnes auth login',
    });
  }
  const expiresAt = expiryOf(input, now);
  return state.write(async (tx) => {
    const [user] = await tx.select().from(schema.users).where(eq(schema.users.id, caller.userId));
    if (user === undefined || !user.active) throw accountDeactivated();
    const token = await issueToken(tx, {
      userId: caller.userId,
      kind: 'personal',
      name: input.name,
      scope: input.scope ?? 'general',
      now,
      expiresAt,
    });
    await recordAudit(tx, {
      userId: caller.userId,
      action: 'token.create',
      resource: `token:${token.id}`,
      params: { name: token.name, scope: token.scope, expires_at: expiresAt?.toISOString() ?? null },
    });
    return token;
  });
}

function expiryOf({ ttl_seconds, expires_in_days = DEFAULT_DAYS }: NewPersonalToken, now: Date): Date | null {
  if (typeof ttl_seconds === 'number') return new Date(now.getTime() + ttl_seconds * 1000);
  return expires_in_days === null ? null : new Date(now.getTime() + expires_in_days * DAY_MS);
}
