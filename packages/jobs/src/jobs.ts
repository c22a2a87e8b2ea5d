import { AgnesError } from '@agnes/errors';
import { newId, type State, type StateDatabase, schema } from '@agnes/state';
import { and, asc, desc, eq, gt, inArray, isNotNull } from 'drizzle-orm';
import { type Job, type JobLogLine, type JobStatus, toJob } from './job.ts';
import { type JobRunner, type RunnerOptions, startRunner, type Wakeable } from './runner.ts';

const { jobs, jobLog } = schema;

export interface JobRequest {
  readonly kind: string;
  /** Jobs of one lane run one after another, in the order they came. Default: the kind. */
  readonly lane?: string;
  /** What the handler needs, as JSON; null becomes `{}`. Never a secret: administrators can read it. */
  readonly payload: unknown;
  /** While a job of this kind and key is queued or running, that one is returned and no other begun. */
  readonly idempotencyKey?: string;
  /** Id of a user; absent for the server itself. */
  readonly createdBy?: string;
}

export interface EnqueuedJob extends Job {
  /** Whether it was there already. */
  readonly existing: boolean;
}

export interface Jobs {
  /** Adds a job and wakes the runners. With `tx`, in that transaction: the job exists if the transaction is committed. */
  enqueue(request: JobRequest, tx?: StateDatabase): Promise<EnqueuedJob>;
  /** Throws `job_not_found`. */
  get(id: string): Promise<Job>;
  /** Newest first; at most `limit` (default 50). */
  list(filter?: {
    readonly kind?: string;
    readonly status?: JobStatus | readonly JobStatus[];
    readonly limit?: number;
  }): Promise<Job[]>;
  /** Lines after a position (default 0), oldest first; at most `limit` (default 1000). Throws `job_not_found`. */
  log(id: string, page?: { readonly after?: number; readonly limit?: number }): Promise<JobLogLine[]>;
  /**
   * A queued job is cancelled at once; a running one is asked to end, and cancelled when it has. A finished one stays what
   * it is. Throws `job_not_found`.
   */
  cancel(id: string): Promise<Job>;
  /** Starts to run jobs, first those that a process that is gone had left. */
  start(options: RunnerOptions): JobRunner;
  /** Removes jobs that finished before `olderThan`, with their logs, except the newest `keep`. Returns how many. */
  prune(options: { readonly olderThan: Date; readonly keep: number }): Promise<number>;
}

const FINISHED: JobStatus[] = ['succeeded', 'partial', 'failed', 'cancelled'];
const PRUNE_CHUNK = 500;

/** The job queue in the state database. `now` turns the clock in tests. */
export function createJobs({ state, now = () => new Date() }: { state: State; now?: () => Date }): Jobs {
  const runners = new Set<Wakeable>();

  const find = async (db: StateDatabase, id: string): Promise<Job> => {
    const [row] = await db.select().from(jobs).where(eq(jobs.id, id));
    if (row === undefined) {
      throw new AgnesError('job_not_found', `There is no job ${id}.`, {
        hint: 'agnes admin jobs lists them; the oldest are removed after a while.',
      });
    }
    return toJob(row);
  };

  const insert = async (tx: StateDatabase, request: JobRequest): Promise<EnqueuedJob> => {
    const { kind, lane = kind, payload, idempotencyKey = null, createdBy = null } = request;
    if (idempotencyKey !== null) {
      const same = and(eq(jobs.kind, kind), eq(jobs.idempotency_key, idempotencyKey));
      const [row] = await tx
        .select()
        .from(jobs)
        .where(and(same, inArray(jobs.status, ['queued', 'running'])));
      if (row !== undefined) {
        return { ...toJob(row), existing: true };
      }
    }
    const [row] = await tx
      .insert(jobs)
      .values({
        id: newId('job'),
        kind,
        lane,
        status: 'queued',
        // JSON's null would be SQL's.
        payload: payload ?? {},
        idempotency_key: idempotencyKey,
        created_at: now(),
        created_by: createdBy,
      })
      .returning();
    if (row === undefined) {
      throw new Error('The job was not inserted.');
    }
    return { ...toJob(row), existing: false };
  };

  return {
    async enqueue(request, tx) {
      const job = await (tx ? insert(tx, request) : state.write((own) => insert(own, request)));
      for (const runner of runners) {
        runner.wake();
      }
      return job;
    },

    get: (id) => find(state.db, id),

    async list({ kind, status, limit = 50 } = {}) {
      const rows = await state.db
        .select()
        .from(jobs)
        .where(
          and(
            kind === undefined ? undefined : eq(jobs.kind, kind),
            status === undefined ? undefined : inArray(jobs.status, [status].flat()),
          ),
        )
        .orderBy(desc(jobs.created_at), desc(jobs.id))
        .limit(limit);
      return rows.map(toJob);
    },

    async log(id, { after = 0, limit = 1000 } = {}) {
      await find(state.db, id);
      const rows = await state.db
        .select({ position: jobLog.position, at: jobLog.at, level: jobLog.level, message: jobLog.message })
        .from(jobLog)
        .where(and(eq(jobLog.job_id, id), gt(jobLog.position, after)))
        .orderBy(asc(jobLog.position))
        .limit(limit);
      return rows.map((row) => ({ ...row, level: row.level as JobLogLine['level'] }));
    },

    async cancel(id) {
      const job = await state.write(async (tx) => {
        const current = await find(tx, id);
        if (current.status === 'queued') {
          const at = now();
          await tx
            .update(jobs)
            .set({ status: 'cancelled', cancel_requested_at: at, finished_at: at })
            .where(eq(jobs.id, id));
        } else if (current.status === 'running' && current.cancel_requested_at === null) {
          await tx.update(jobs).set({ cancel_requested_at: now() }).where(eq(jobs.id, id));
        }
        return find(tx, id);
      });
      if (job.status === 'running') {
        for (const runner of runners) {
          runner.cancel(id);
        }
      }
      return job;
    },

    start(options) {
      const runner = startRunner(state, now, options);
      runners.add(runner);
      return {
        async stop(stopOptions) {
          runners.delete(runner);
          await runner.runner.stop(stopOptions);
        },
      };
    },

    async prune({ olderThan, keep }) {
      const old = await state.db
        .select({ id: jobs.id, finished_at: jobs.finished_at })
        .from(jobs)
        .where(and(inArray(jobs.status, FINISHED), isNotNull(jobs.finished_at)))
        .orderBy(desc(jobs.finished_at), desc(jobs.id))
        .offset(keep);
      const ids = old.filter((row) => row.finished_at !== null && row.finished_at < olderThan).map((row) => row.id);
      for (let from = 0; from < ids.length; from += PRUNE_CHUNK) {
        const chunk = ids.slice(from, from + PRUNE_CHUNK);
        await state.write(async (tx) => {
          await tx.delete(jobLog).where(inArray(jobLog.job_id, chunk));
          await tx.delete(jobs).where(inArray(jobs.id, chunk));
        });
      }
      return ids.length;
    },
  };
}
