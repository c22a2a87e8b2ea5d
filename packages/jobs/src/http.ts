import type { Handlers, jobOperations } from '@agnes/api-contract';
import { AgnesError } from '@agnes/errors';
import { JOB_STATUSES, type Job, type JobStatus } from './job.ts';
import type { Jobs } from './jobs.ts';

/** The operations on jobs. */
export function jobHandlers({ jobs }: { readonly jobs: Jobs }): Handlers<typeof jobOperations> {
  return {
    async listJobs({ query: { kind, status, limit } }) {
      const list = await jobs.list({
        limit,
        ...(kind === undefined ? {} : { kind }),
        ...(status === undefined ? {} : { status: statusFrom(status) }),
      });
      return { jobs: list.map(jobBody), count: list.length };
    },
    getJob: async ({ params }) => jobBody(await jobs.get(params.id)),
    async getJobLog({ params, query }) {
      const lines = await jobs.log(params.id, query);
      return { lines: lines.map((line) => ({ ...line, at: line.at.toISOString() })) };
    },
    cancelJob: async ({ params }) => jobBody(await jobs.cancel(params.id)),
  };
}

function statusFrom(text: string): JobStatus {
  const status = JOB_STATUSES.find((known) => known === text);
  if (status === undefined) {
    throw new AgnesError('invalid_request', `There is no job status '${text}'.`, {
      hint: `One of: ${JOB_STATUSES.join(', ')}.`,
    });
  }
  return status;
}

const time = (date: Date | null) => date?.toISOString() ?? null;

function jobBody({ idempotency_key: _, ...job }: Job) {
  return {
    ...job,
    created_at: job.created_at.toISOString(),
    started_at: time(job.started_at),
    finished_at: time(job.finished_at),
    cancel_requested_at: time(job.cancel_requested_at),
  };
}
