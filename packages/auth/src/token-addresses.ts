import { recordAudit } from '@agnes/rbac';
import { type StateDatabase, schema } from '@agnes/state';
import { and, asc, eq, inArray } from 'drizzle-orm';
import { addressGroup } from './address-group.ts';

type Token = Pick<typeof schema.accessTokens.$inferSelect, 'id' | 'user_id' | 'kind' | 'name' | 'created_ip'>;

/** Addresses that are kept of one token; the oldest go. */
const MOST = 100;

/**
 * Keeps the address from which a session or token is used. One that is not where it was made, nor the first of a token, is
 * audited: `token.new_address`.
 */
export async function noteAddress(tx: StateDatabase, token: Token, ip: string, at: Date): Promise<void> {
  const { tokenAddresses } = schema;
  const rows = await tx
    .select()
    .from(tokenAddresses)
    .where(eq(tokenAddresses.token_id, token.id))
    .orderBy(asc(tokenAddresses.first_used_at), asc(tokenAddresses.ip));
  const address = addressGroup(ip);
  if (rows.some((row) => row.ip === address)) return;
  const oldest = rows.slice(0, Math.max(0, rows.length - MOST + 1)).map((row) => row.ip);
  if (oldest.length > 0) {
    await tx
      .delete(tokenAddresses)
      .where(and(eq(tokenAddresses.token_id, token.id), inArray(tokenAddresses.ip, oldest)));
  }
  await tx.insert(tokenAddresses).values({ token_id: token.id, ip: address, first_used_at: at });
  const isFirst = rows.length === 0 && (token.kind !== 'session' || token.created_ip === null);
  if (isFirst || address === addressGroup(token.kind === 'session' ? token.created_ip : null)) return;
  await recordAudit(tx, {
    userId: token.user_id,
    action: 'token.new_address',
    resource: `${token.kind === 'session' ? 'session' : 'token'}:${token.id}`,
    params: { name: token.name },
    ip,
    credentialId: token.id,
  });
}
