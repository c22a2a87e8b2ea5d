import type { Auth } from '@agnes/auth';
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
  readonly auth: Auth;
  /** How often the groups of everybody who comes from Google are looked at. */
  readonly googleSyncSeconds: number;
  readonly auditRetentionDays: number;
}

/** What keeps the state safe and the disk from filling. */
export function serverChores(options: ChoreOptions): Chore[] {
  const { state, orchestrator, jobs, auth, googleSyncSeconds, auditRetentionDays } = options;
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
      name: 'attempts that are over',
      everyMs: HOUR_MS,
      async run() {
        await auth.limits.sweep();
        return undefined;
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
    {
      name: 'old links',
      everyMs: HOUR_MS,
      async run() {
        const removed = await auth.sweepLinks();
        return removed === 0 ? undefined : { links: removed };
      },
    },
    {
      name: 'google groups',
      everyMs: googleSyncSeconds * 1000,
      async run() {
        const { people, ...changes } = (await auth.syncGoogleGroups()) ?? { people: 0 };
        const happened = Object.values(changes).some((count) => count > 0);
        return happened ? { people, ...changes } : undefined;
      },
    },
  ];
}
