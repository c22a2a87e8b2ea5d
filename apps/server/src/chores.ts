import type { Jobs } from '@agnes/jobs';
import type { Orchestrator } from '@agnes/orchestrator';
import { pruneAudit } from '@agnes/rbac';
import type { State } from '@agnes/state';
import type { Chore } from './maintenance.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const JOBS_KEPT_MS = 30 * 24 * HOUR_MS;
/** The newest jobs stay whatever their age. */
const JOBS_KEPT = 500;

export interface ChoreOptions {
  readonly state: State;
  readonly orchestrator: Orchestrator;
  readonly jobs: Jobs;
  readonly auditRetentionDays: number;
}

/** What keeps the state safe and the disk from filling. */
export function serverChores({ state, orchestrator, jobs, auditRetentionDays }: ChoreOptions): Chore[] {
  return [
    {
      name: 'state snapshot',
      everyMs: MINUTE_MS,
      async run() {
        const snapshot = await state.maintain();
        return snapshot && { snapshot: snapshot.name, bytes: snapshot.size_bytes };
      },
    },
    {
      name: 'old versions and files',
      everyMs: HOUR_MS,
      async run() {
        const swept = await orchestrator.sweep();
        return swept !== undefined && swept.versions + swept.blobs > 0 ? swept : undefined;
      },
    },
    {
      name: 'old jobs',
      everyMs: HOUR_MS,
      async run() {
        const removed = await jobs.prune({ olderThan: new Date(Date.now() - JOBS_KEPT_MS), keep: JOBS_KEPT });
        return removed === 0 ? undefined : { jobs: removed };
      },
    },
    {
      name: 'old audit entries',
      everyMs: HOUR_MS,
      async run() {
        const removed = await pruneAudit(state, new Date(Date.now() - auditRetentionDays * 24 * HOUR_MS));
        return removed === 0 ? undefined : { entries: removed };
      },
    },
  ];
}
