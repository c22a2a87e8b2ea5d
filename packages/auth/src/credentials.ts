import { AgnesError } from '@agnes/errors';
import { recordAudit } from '@agnes/rbac';
import { bumpVersion, newId, type State, type StateDatabase, schema } from '@agnes/state';
import { and, desc, eq } from 'drizzle-orm';
import { createTokenText, type TokenKind } from './token-format.ts';
import type { Peer } from './ways-in.ts';

/** A row of a session or access token. Its hash stays here. */
export type TokenRecord = Omit<typeof schema.accessTokens.$inferSelect, 'token_hash'>;
export interface IssuedToken extends TokenRecord {
  /** The token itself: the only time it can be seen. */
  readonly token: string;
}

export interface TokenRequest<Expiry extends Date | null = Date | null> {
  readonly userId: string;
  readonly kind: TokenKind;
  readonly name: string;
  readonly scope?: string;
  readonly now: Date;
  readonly expiresAt: Expiry;
  /** How the person of a session proved who they are. */
  readonly method?: string;
  /** Where it was asked for. */
  readonly peer?: Peer;
}

/** Makes a session or access token, inside a transaction. */
export async function issueToken<Expiry extends Date | null>(
  tx: StateDatabase,
  request: TokenRequest<Expiry>,
): Promise<IssuedToken & { readonly expires_at: Expiry }> {
  const { token, hash, prefix } = createTokenText(request.kind);
  const record: TokenRecord = {
    id: newId(request.kind === 'session' ? 'session' : 'token'),
    user_id: request.userId,
    kind: request.kind,
    name: request.name,
    prefix,
    scope: request.scope ?? 'general',
    created_at: request.now,
    expires_at: request.expiresAt,
    last_used_at: null,
    last_used_ip: null,
    auth_method: request.method ?? null,
    created_ip: request.peer?.ip ?? null,
    user_agent: shownUserAgent(request.peer?.userAgent),
    revoked_at: null,
  };
  await tx.insert(schema.accessTokens).values({ ...record, token_hash: hash });
  return { ...record, expires_at: request.expiresAt, token };
}

/** Access tokens of one account, or of all, the newest first. */
export async function listTokens(state: State, userId?: string): Promise<TokenRecord[]> {
  const { accessTokens } = schema;
  const rows = await state.db
    .select()
    .from(accessTokens)
    .where(and(eq(accessTokens.kind, 'personal'), userId === undefined ? undefined : eq(accessTokens.user_id, userId)))
    .orderBy(desc(accessTokens.created_at), desc(accessTokens.id));
  return rows.map(withoutHash);
}

/** One access token, of this account when one is given. Throws `token_not_found`, also for somebody else's. */
export async function getToken(db: StateDatabase, id: string, userId?: string): Promise<TokenRecord> {
  const { accessTokens } = schema;
  const [row] = await db
    .select()
    .from(accessTokens)
    .where(and(eq(accessTokens.id, id), eq(accessTokens.kind, 'personal')));
  if (row === undefined || (userId !== undefined && row.user_id !== userId)) {
    throw new AgnesError('token_not_found', `There is no access token '${id}'.`, {
      hint: userId === undefined ? 'agnes admin token list' : 'agnes auth token list',
    });
  }
  return withoutHash(row);
}

/** Revokes a token; the next request with it fails. Again is fine. Throws `token_not_found`. */
export async function revokeToken(
  state: State,
  id: string,
  { by, owner, now }: { readonly by: string; readonly owner?: string; readonly now: Date },
): Promise<void> {
  const { accessTokens } = schema;
  await state.write(async (tx) => {
    const token = await getToken(tx, id, owner);
    if (token.revoked_at !== null) return;
    await tx.update(accessTokens).set({ revoked_at: now }).where(eq(accessTokens.id, id));
    await bumpVersion(tx, 'access_version');
    await recordAudit(tx, {
      userId: by,
      action: 'token.revoke',
      resource: `token:${id}`,
      params: { owner: token.user_id, name: token.name },
    });
  });
}

/** What of a row may leave this package. */
export function withoutHash({ token_hash: _, ...record }: typeof schema.accessTokens.$inferSelect): TokenRecord {
  return record;
}

/** What a client says of itself, as a line that can be shown. */
function shownUserAgent(text: string | null | undefined): string | null {
  const line = (text ?? '').replaceAll(/[^\x20-\x7e]/g, '').slice(0, 200);
  return line === '' ? null : line;
}
