import type { AuditEntry } from '@agnes/rbac';

/**
 * Records that somebody was refused who need not be anybody: not in a transaction of ours but where it is kept from filling
 * the audit log.
 */
export type NoteRefusal = (entry: AuditEntry) => Promise<void>;
