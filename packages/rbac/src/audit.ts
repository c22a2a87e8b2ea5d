import { newId, type StateDatabase, schema } from '@agnes/state';

/** What somebody did, or was refused. Params are facts that help later, never a secret. */
export interface AuditEntry {
  /** Id of the person, `scheduler`, or null when nobody is known. */
  readonly userId: string | null;
  /** `<subject>.<verb>`, e.g. `grant.create`. */
  readonly action: string;
  /** `<kind>:<id>` of what it was done to. */
  readonly resource?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  /** `ok` unless said otherwise. */
  readonly result?: string;
}

/** Writes one row of the audit log in the transaction of the change, so that neither is there without the other. */
export async function recordAudit(tx: StateDatabase, entry: AuditEntry): Promise<void> {
  await tx.insert(schema.auditLog).values({
    id: newId(),
    timestamp: new Date(),
    user_id: entry.userId,
    action: entry.action,
    resource: entry.resource ?? null,
    params: entry.params ?? null,
    result: entry.result ?? 'ok',
  });
}
