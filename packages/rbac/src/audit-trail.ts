import { AgnesError } from '@agnes/errors';
import { createWriteBehind, type State, schema } from '@agnes/state';
import { createRefusals } from './audit/refusals.ts';
import { type AuditRow, auditRow } from './audit/row.ts';
import type { AuditEntry } from './audit.ts';

/**
 * What was read, and what was refused. Entries are collected and written together, within a second, in one transaction of
 * their own; a `kill -9` loses at most those of the last second.
 */
export interface AuditTrail {
  /**
   * Notes an entry; costs no more than memory. Throws `audit_unavailable` when the state has not taken what was noted
   * before and as many entries wait as may: what cannot be recorded is refused, so note before the answer leaves. Entries
   * `auth.*` whose result is not `ok` are capped by address and minute, and then counted.
   */
  note(entry: AuditEntry): void;
  /** Resolves when all that was noted is written; throws what kept it from being written. Awaited before the state closes. */
  settled(): Promise<void>;
}

export interface AuditTrailOptions {
  readonly state: Pick<State, 'write'>;
  /** Told once when entries cannot be written, until they can again. */
  readonly onError: (error: unknown) => void;
  readonly now?: () => Date;
  /** Entries that may wait. Default 20,000. */
  readonly most?: number;
}

const MOST = 20_000;
/** Characters of all that waits. */
const MOST_TEXT = 32 * 1024 * 1024;
const ROWS_A_STATEMENT = 100;
const ROWS_A_TRANSACTION = 2000;

export function createAuditTrail(options: AuditTrailOptions): AuditTrail {
  const { state, onError, now = () => new Date(), most = MOST } = options;
  const refusals = createRefusals();
  const waiting: { readonly row: AuditRow; readonly size: number }[] = [];
  let size = 0;

  const keep = (entry: AuditEntry, at: Date): void => {
    const row = auditRow(entry, at);
    const rowSize = 200 + JSON.stringify(row.params).length;
    waiting.push({ row, size: rowSize });
    size += rowSize;
  };

  const writeBatch = async (): Promise<void> => {
    const batch = waiting.slice(0, ROWS_A_TRANSACTION);
    await state.write(async (tx) => {
      for (let start = 0; start < batch.length; start += ROWS_A_STATEMENT) {
        await tx
          .insert(schema.auditLog)
          .values(batch.slice(start, start + ROWS_A_STATEMENT).map(({ row }) => row))
          // A commit whose answer was lost is tried again.
          .onConflictDoNothing();
      }
    });
    waiting.splice(0, batch.length);
    for (const written of batch) size -= written.size;
  };
  const writeAll = async (): Promise<void> => {
    for (const entry of refusals.summaries(now())) keep(entry, now());
    while (waiting.length > 0) await writeBatch();
    // Those that are counted wait for the end of their minute.
    if (refusals.waiting()) behind.due();
  };
  const behind = createWriteBehind({ writeAll, onError });

  return {
    note(entry) {
      const at = now();
      if (isRefusal(entry) && !refusals.admit(entry, at)) return behind.due();
      if (waiting.length >= most || size >= MOST_TEXT) throw full();
      keep(entry, at);
      behind.due();
    },
    async settled() {
      for (const entry of refusals.summaries(now(), true)) keep(entry, now());
      await behind.settled();
    },
  };
}

const isRefusal = ({ action, result }: AuditEntry): boolean =>
  action.startsWith('auth.') && result !== undefined && result !== 'ok';

const full = (): AgnesError =>
  new AgnesError('audit_unavailable', 'The audit log cannot be written, and what it must record is refused.', {
    hint: 'Try again shortly. If it stays so, the log of the server says why its state database takes no writes.',
  });
