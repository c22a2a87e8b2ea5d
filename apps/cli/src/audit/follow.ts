import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@agnes/api-client';
import { writeStdout } from '../output/print-result.ts';
import { printable } from '../output/table.ts';
import type { AuditQuery } from './filter.ts';
import { type AuditEntry, readAudit } from './pages.ts';
import { auditLine } from './text.ts';

const PAUSE_MS = 2000;
/** Entries are written up to this much later than they happen. */
const LATE_MS = 60_000;

export interface Followed {
  readonly filter: AuditQuery;
  /** What is there already, the newest first. */
  readonly first: readonly AuditEntry[];
  /** A JSON document a line instead of text. */
  readonly json: boolean;
}

/** Prints entries as they come, the oldest first, until nobody reads stdout any more. */
export async function followAudit(client: Client, { filter, first, json }: Followed): Promise<void> {
  const seen = new Map<string, number>();
  let newest = 0;
  let batch: readonly AuditEntry[] = first;
  for (;;) {
    const fresh = batch.filter(({ id }) => !seen.has(id)).reverse();
    const text = fresh.map((entry) => (json ? JSON.stringify(entry) : printable(auditLine(entry)))).join('\n');
    if (text !== '' && !(await writeStdout(`${text}\n`))) return;
    for (const { id, timestamp } of fresh) {
      const at = Date.parse(timestamp);
      seen.set(id, at);
      newest = Math.max(newest, at);
    }
    for (const [id, at] of seen) if (at < newest - 2 * LATE_MS) seen.delete(id);
    await sleep(PAUSE_MS);
    const from = new Date(newest === 0 ? Date.now() - LATE_MS : newest - LATE_MS).toISOString();
    batch = (await readAudit(client, { ...filter, from }, 0)).entries;
  }
}
