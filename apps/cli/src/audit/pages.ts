import type { Client } from '@agnes/api-client';
import type { AuditQuery } from './filter.ts';

export type AuditEntry = Awaited<ReturnType<Client['listAudit']>>['entries'][number];

const PAGE = 1000;

/** The newest `limit` entries, 0 for all, and whether there are more. */
export async function readAudit(
  client: Client,
  filter: AuditQuery,
  limit: number,
): Promise<{ entries: AuditEntry[]; more: boolean }> {
  const entries: AuditEntry[] = [];
  let after: string | null = null;
  for (;;) {
    const wanted = limit === 0 ? PAGE : Math.min(PAGE, limit - entries.length);
    const query = { ...filter, limit: String(wanted), ...(after === null ? {} : { after }) };
    const page: Awaited<ReturnType<Client['listAudit']>> = await client.listAudit({ query });
    entries.push(...page.entries);
    after = page.next;
    if (after === null || (limit > 0 && entries.length >= limit)) return { entries, more: after !== null };
  }
}
