import * as v from 'valibot';
import { defineOperation } from '../operation.ts';
import { idParams, nonNegative, nullableTime, queryInteger, time } from '../schemas.ts';

const outcomeItem = v.object({ item: v.string(), code: v.string(), message: v.string(), hint: v.optional(v.string()) });

/** What a job did: nothing is silent, zero included. */
export const jobOutcome = v.object({
  attempted: nonNegative,
  changed: nonNegative,
  skipped: v.array(v.object({ item: v.string(), reason: v.string() })),
  failed: v.array(outcomeItem),
  warnings: v.optional(v.array(outcomeItem)),
  details: v.optional(v.unknown()),
});

export const job = v.object({
  id: v.string(),
  kind: v.string(),
  lane: v.string(),
  status: v.picklist(['queued', 'running', 'succeeded', 'partial', 'failed', 'cancelled']),
  payload: v.unknown(),
  progress: v.nullable(
    v.object({
      message: v.optional(v.string()),
      done: v.optional(v.number()),
      total: v.optional(v.number()),
      unit: v.optional(v.string()),
    }),
  ),
  outcome: v.nullable(jobOutcome),
  error: v.nullable(v.object({ code: v.string(), message: v.string(), hint: v.optional(v.string()) })),
  attempts: nonNegative,
  created_at: time,
  created_by: v.nullable(v.string()),
  started_at: nullableTime,
  finished_at: nullableTime,
  cancel_requested_at: nullableTime,
});

export const jobOperations = {
  listJobs: defineOperation({
    id: 'listJobs',
    method: 'GET',
    path: '/api/jobs',
    tag: 'jobs',
    summary: 'Jobs, newest first.',
    access: 'admin',
    query: v.object({
      kind: v.optional(v.string()),
      status: v.optional(v.string()),
      limit: queryInteger(1, 500, 50),
    }),
    status: 200,
    response: v.object({ jobs: v.array(job), count: nonNegative }),
    errors: [],
  }),
  getJob: defineOperation({
    id: 'getJob',
    method: 'GET',
    path: '/api/jobs/{id}',
    tag: 'jobs',
    summary: 'One job: its progress, outcome or error.',
    access: 'admin_or_scheduler',
    params: idParams,
    status: 200,
    response: job,
    errors: ['job_not_found'],
  }),
  getJobLog: defineOperation({
    id: 'getJobLog',
    method: 'GET',
    path: '/api/jobs/{id}/log',
    tag: 'jobs',
    summary: 'Log lines of a job, oldest first, after a position.',
    access: 'admin',
    params: idParams,
    query: v.object({ after: queryInteger(0, 999_999_999, 0) }),
    status: 200,
    response: v.object({
      lines: v.array(
        v.object({
          position: nonNegative,
          at: time,
          level: v.picklist(['info', 'warning', 'error']),
          message: v.string(),
        }),
      ),
    }),
    errors: ['job_not_found'],
  }),
  cancelJob: defineOperation({
    id: 'cancelJob',
    method: 'POST',
    path: '/api/jobs/{id}/cancel',
    tag: 'jobs',
    summary: 'Asks a job to end. A queued one ends at once, a running one when its work has been stopped.',
    access: 'admin',
    params: idParams,
    status: 200,
    response: job,
    errors: ['job_not_found'],
  }),
};
