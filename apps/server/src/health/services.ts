import type { MailCounts } from '@agnes/auth';
import type { RegisteredTable } from '@agnes/catalog';
import type { Jobs } from '@agnes/jobs';

/** How one part of the installation is doing, and whatever else there is to say about it. */
export interface Service {
  readonly status: 'ok' | 'info' | 'unknown' | 'warning' | 'error';
  readonly detail?: string;
  readonly [fact: string]: unknown;
}

const STALE_AFTER_MS = 24 * 3_600_000;

/** Jobs that wait and run, and how the last finished one went. */
export async function jobsService(jobs: Jobs): Promise<Service> {
  const [queued, running, recent] = await Promise.all([
    jobs.list({ status: 'queued', limit: 500 }),
    jobs.list({ status: 'running', limit: 500 }),
    jobs.list({ limit: 20 }),
  ]);
  const last = recent.find((job) => job.finished_at !== null);
  const facts = { queued: queued.length, running: running.length, last_status: last?.status ?? null };
  if (last === undefined || last.status === 'succeeded' || last.status === 'cancelled')
    return { status: 'ok', ...facts };
  return { status: 'warning', detail: `The last job ended as ${last.status}: ${last.id}.`, ...facts };
}

/** The tables that a caller may read. A table that was extracted once is stale when that is a day ago. */
export function dataService(tables: readonly RegisteredTable[], now: Date): Service {
  const stale = tables.filter(
    ({ last_sync }) => last_sync !== null && now.getTime() - last_sync.getTime() > STALE_AFTER_MS,
  );
  const facts = {
    tables: tables.length,
    total_rows: tables.reduce((sum, table) => sum + (table.rows ?? 0), 0),
    stale_tables: stale.map(({ name }) => name),
  };
  if (stale.length === 0) return { status: 'ok', ...facts };
  return { status: 'warning', detail: `${stale.length} tables have not been synced for a day.`, ...facts };
}

export function connectorsService(types: readonly string[]): Service {
  return { status: 'ok', types };
}

/** How sending mail goes; a failure is over with the next mail that is taken. */
export function mailService(counts: MailCounts): Service {
  if (!counts.last_failed) return { status: 'ok', ...counts };
  return { status: 'warning', detail: 'The last mail was not sent; the log of the server says why.', ...counts };
}
