import { type ErrorCode, isAgnesError } from '@agnes/errors';
import type { AuditTrail } from '@agnes/rbac';
import type { Context } from 'hono';
import type { HttpEnvironment } from './environment.ts';

/** Who may not, and who is not who they say. What is unknown and what is not granted answer alike, and are not here. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'invalid_credentials',
  'account_deactivated',
  'forbidden',
  'session_required',
  'scope_refused',
  'csrf_refused',
  'too_many_requests',
]);
/** Ways in that note a failure themselves, with the address that was tried. */
const NOTED_THERE: ReadonlySet<string> = new Set(['signIn', 'passwordLogin', 'bootstrap', 'verifyMagicLink']);

/** Notes a request that was refused, by address and operation. Those of one address are capped by the trail. */
export function noteRefusal(audit: Pick<AuditTrail, 'note'>, error: Error, context: Context<HttpEnvironment>): void {
  const operation = context.get('operation');
  if (!isAgnesError(error) || operation === undefined || !REFUSALS.has(error.code)) return;
  if (NOTED_THERE.has(operation.id) && error.code !== 'too_many_requests') return;
  try {
    audit.note({
      userId: context.get('userId') ?? null,
      action: 'auth.refused',
      resource: `operation:${operation.id}`,
      result: error.code,
      ip: context.get('ip'),
    });
  } catch (full) {
    // It is refused either way, and why the log takes nothing has been told.
    if (!isAgnesError(full, 'audit_unavailable')) throw full;
  }
}
