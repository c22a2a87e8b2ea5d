import type { AuditEntry } from '../audit.ts';

/** Refusals of one address, and of all addresses, that a minute writes in full; the others are counted. */
const REFUSALS_PER_ADDRESS = 10;
const REFUSALS_TOGETHER = 200;
const MINUTE_MS = 60_000;

/**
 * What keeps guessing from filling the log. A minute writes the first refusals of each address; of the others, one row an
 * address says how many there were, and one row without an address of those that came when even these were too many.
 */
export interface Refusals {
  /** Whether the refusal is to be written; else it is counted. */
  admit(entry: AuditEntry, at: Date): boolean;
  /** The rows of a minute that is over; with `all`, also of the one that runs. */
  summaries(at: Date, all?: boolean): AuditEntry[];
  /** Whether something is counted that no row says yet. */
  waiting(): boolean;
}

export function createRefusals(): Refusals {
  let endsAt = 0;
  let together = 0;
  let beyond = 0;
  let written = new Map<string, number>();
  let counted = new Map<string, { readonly entry: AuditEntry; count: number }>();
  const pending: AuditEntry[] = [];

  const closeMinute = (): void => {
    for (const { entry, count } of counted.values()) pending.push(summary(entry, count));
    if (beyond > 0) pending.push(summary({ userId: null, action: 'auth.refused' }, beyond));
    together = 0;
    beyond = 0;
    written = new Map();
    counted = new Map();
  };
  const turn = (at: Date): void => {
    if (at.getTime() < endsAt) return;
    closeMinute();
    endsAt = (Math.floor(at.getTime() / MINUTE_MS) + 1) * MINUTE_MS;
  };

  return {
    admit(entry, at) {
      turn(at);
      const address = entry.ip ?? '';
      const before = written.get(address) ?? 0;
      if (before < REFUSALS_PER_ADDRESS && together < REFUSALS_TOGETHER) {
        written.set(address, before + 1);
        together += 1;
        return true;
      }
      const key = JSON.stringify([address, entry.action]);
      const known = counted.get(key);
      if (known !== undefined) known.count += 1;
      else if (counted.size < REFUSALS_TOGETHER) counted.set(key, { entry, count: 1 });
      else beyond += 1;
      return false;
    },
    summaries(at, all = false) {
      if (all) closeMinute();
      else turn(at);
      return pending.splice(0);
    },
    waiting: () => counted.size > 0 || pending.length > 0,
  };
}

const summary = ({ action, ip }: AuditEntry, count: number): AuditEntry => ({
  userId: null,
  action,
  ip,
  params: { refused: count },
  result: 'repeated',
});
