import { type StateDatabase, schema } from '@agnes/state';
import { currentOrigin } from './audit/origin.ts';
import { auditRow } from './audit/row.ts';

/** What somebody did, or was refused. Params are facts that help later, never a secret. */
export interface AuditEntry {
  /** Id of the person, `scheduler`, or null when nobody is known. */
  readonly userId: string | null;
  /** `<subject>.<verb>`, e.g. `grant.create`. */
  readonly action: string;
  /** `<kind>:<id>` of what it was done to. */
  readonly resource?: string | undefined;
  readonly params?: Readonly<Record<string, unknown>> | undefined;
  /** `ok` unless said otherwise: the code of the error, or how far it came. */
  readonly result?: string | undefined;
  /** Address of the peer. Default: that of the request under way (`withOrigin`); so is the next. */
  readonly ip?: string | null | undefined;
  /** Id of the session or token that was used. */
  readonly credentialId?: string | null | undefined;
  readonly durationMs?: number | undefined;
}

/**
 * Writes one row of the audit log in the transaction of the change, so that neither is there without the other. Texts in
 * `params` are cut at 8,000 characters, and what looks like one of our tokens is blotted out. Reads, and refusals, go to
 * the `AuditTrail`, which costs no transaction each.
 */
export async function recordAudit(tx: StateDatabase, entry: AuditEntry): Promise<void> {
  const origin = currentOrigin();
  const whole = { ...entry, ip: entry.ip ?? origin?.ip, credentialId: entry.credentialId ?? origin?.credentialId };
  await tx.insert(schema.auditLog).values(auditRow(whole, new Date()));
}
