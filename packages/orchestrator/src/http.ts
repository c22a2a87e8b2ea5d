import { callerOf, type distributionOperations, type Handlers } from '@agnes/api-contract';
import type { Catalog } from '@agnes/catalog';
import { AgnesError } from '@agnes/errors';
import type { Jobs } from '@agnes/jobs';
import type { Orchestrator } from './orchestrator.ts';

type SyncOperations = Pick<typeof distributionOperations, 'syncStatus' | 'triggerSync'>;

/** One sync at a time: a second one is told which job is under way. */
const KEY = 'sync';

/** Handlers of the sync operations. */
export function orchestratorHandlers({
  orchestrator,
  jobs,
  catalog,
}: {
  readonly orchestrator: Orchestrator;
  readonly jobs: Jobs;
  readonly catalog: Catalog;
}): Handlers<SyncOperations> {
  return {
    syncStatus: async () => ({ locked: await orchestrator.syncLocked() }),
    async triggerSync({ body }, context) {
      const wanted = (Array.isArray(body) ? body : body?.tables) ?? null;
      const force = body !== null && body !== undefined && !Array.isArray(body) && body.force === true;
      const tables = wanted === null ? null : await idsOf(catalog, wanted);
      const job = await jobs.enqueue({
        kind: 'sync',
        lane: 'sync',
        payload: { tables, force },
        idempotencyKey: KEY,
        createdBy: callerOf(context).userId,
      });
      if (job.existing) {
        throw new AgnesError('sync_already_in_progress', `A sync is ${job.status} already.`, {
          hint: `Wait for job ${job.id}, or cancel it, then try again.`,
          details: { job_id: job.id },
        });
      }
      return {
        status: 'triggered' as const,
        tables: wanted ?? ('all' as const),
        message:
          wanted === null
            ? 'A sync of all tables that are due was started.'
            : `A sync of ${wanted.length} tables was started.`,
        job_id: job.id,
      };
    },
  };
}

async function idsOf(catalog: Catalog, wanted: readonly string[]): Promise<string[]> {
  if (wanted.length === 0) {
    throw new AgnesError('invalid_request', 'The list of tables is empty.', {
      hint: 'Name at least one table, or leave the list out to sync all that are due.',
    });
  }
  const ids = new Set<string>();
  for (const idOrName of wanted) ids.add((await catalog.get(idOrName)).id);
  return [...ids];
}
