import { AgnesError } from '@agnes/errors';
import { recordAudit } from '@agnes/rbac';
import { type State, schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import type { Caller } from './caller.ts';
import { type IssuedToken, issueToken } from './credentials.ts';
import { pruneTokens } from './session-rows.ts';
import { accountDeactivated } from './ways-in.ts';

export interface NewPersonalToken {
  readonly name: string;
  /** Default 90; null for a token that does not expire. */
  readonly expires_in_days?: number | null | undefined;
  /** Wins over days. */
  readonly ttl_seconds?: number | null | undefined;
  /** Which operations it opens: the scopes of the API contract. One that is not among them opens none. */
  readonly scope?: string | undefined;
}

const DEFAULT_DAYS = 90;
const DAY_MS = 86_400_000;
/** The longest life of a scope's tokens: one that sets up a laptop is shown on a page and pasted into a terminal. */
const MOST_MS: Readonly<Record<string, number>> = { 'bootstrap-analyst': 3_600_000 };

/**
 * Makes an access token for the caller. Only a session may: a stolen token must not outlive itself. Throws
 * `session_required`, `too_many_tokens`.
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
  const { scope = 'general' } = input;
  const expiresAt = expiryOf(input, scope, now);
  return state.write(async (tx) => {
    const [user] = await tx.select().from(schema.users).where(eq(schema.users.id, caller.userId));
    if (user === undefined || !user.active) throw accountDeactivated();
    const open = await pruneTokens(tx, caller.userId, now);
    if (open >= MOST_OPEN) throw tooMany(open);
    const token = await issueToken(tx, {
      userId: caller.userId,
      kind: 'personal',
      name: input.name,
      scope,
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

/** Open tokens that one person may have. */
const MOST_OPEN = 200;

function tooMany(open: number): AgnesError {
  return new AgnesError('too_many_tokens', `You have ${open} access tokens, and one person may have ${MOST_OPEN}.`, {
    hint: 'Revoke those that nobody uses: agnes auth token list, agnes auth token revoke <id>',
    details: { limit: MOST_OPEN },
  });
}

function expiryOf(
  { ttl_seconds, expires_in_days = DEFAULT_DAYS }: NewPersonalToken,
  scope: string,
  now: Date,
): Date | null {
  const days = expires_in_days === null ? Number.POSITIVE_INFINITY : expires_in_days * DAY_MS;
  const asked = typeof ttl_seconds === 'number' ? ttl_seconds * 1000 : days;
  const life = Math.min(asked, MOST_MS[scope] ?? Number.POSITIVE_INFINITY);
  return life === Number.POSITIVE_INFINITY ? null : new Date(now.getTime() + life);
}
