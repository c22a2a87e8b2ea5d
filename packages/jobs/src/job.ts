import type { schema } from '@agnes/state';
import * as v from 'valibot';

const outcomeItem = v.object({ item: v.string(), code: v.string(), message: v.string(), hint: v.optional(v.string()) });

const total = v.pipe(v.number(), v.integer(), v.minValue(0));
const jobOutcome = v.object({
  attempted: total,
  changed: total,
  skipped: v.array(v.object({ item: v.string(), reason: v.string() })),
  failed: v.array(outcomeItem),
  warnings: v.optional(v.array(outcomeItem)),
  details: v.optional(v.unknown()),
});

const jobProgress = v.object({
  message: v.optional(v.string()),
  done: v.optional(v.pipe(v.number(), v.finite())),
  total: v.optional(v.pipe(v.number(), v.finite())),
  unit: v.optional(v.string()),
});

const jobError = v.object({ code: v.string(), message: v.string(), hint: v.optional(v.string()) });

/** What a job did, item by item: nothing is silent, zero included. */
export type JobOutcome = v.InferOutput<typeof jobOutcome>;

/** Where a running job is: `done` of `total` `unit`. */
export type JobProgress = v.InferOutput<typeof jobProgress>;

/** Why a job failed. `code` is one of `@agnes/errors`. */
export type JobError = v.InferOutput<typeof jobError>;

export const JOB_STATUSES = ['queued', 'running', 'succeeded', 'partial', 'failed', 'cancelled'] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

const jobRow = v.object({
  id: v.string(),
  kind: v.string(),
  lane: v.string(),
  status: v.picklist(JOB_STATUSES),
  payload: v.unknown(),
  idempotency_key: v.nullable(v.string()),
  progress: v.nullable(jobProgress),
  outcome: v.nullable(jobOutcome),
  error: v.nullable(jobError),
  /** How often it was started; more than once when the process that ran it ended before it did. */
  attempts: v.number(),
  created_at: v.date(),
  created_by: v.nullable(v.string()),
  /** Of the last start. */
  started_at: v.nullable(v.date()),
  finished_at: v.nullable(v.date()),
  cancel_requested_at: v.nullable(v.date()),
});

export type Job = v.InferOutput<typeof jobRow>;

export type JobLogLevel = 'info' | 'warning' | 'error';

export interface JobLogLine {
  /** From 1. */
  readonly position: number;
  readonly at: Date;
  readonly level: JobLogLevel;
  readonly message: string;
}

export interface JobContext {
  /** Aborted when the job is cancelled, the server stops or the job was given to another runner. Its reason says which. */
  readonly signal: AbortSignal;
  /** Adds a line to the job's log. Long lines are cut, and so is a very long log. */
  log(level: JobLogLevel, message: string): void;
  /** Replaces the progress. Call it as often as you like. */
  progress(progress: JobProgress): void;
}

/**
 * Does a job of one kind. A thrown `AgnesError` fails the job with its code, message and hint. A job may run again after a
 * crash, so a handler must stand being run twice.
 */
export type JobHandler = (job: Job, context: JobContext) => Promise<JobOutcome>;

export function toJob(row: typeof schema.jobs.$inferSelect): Job {
  return v.parse(jobRow, row);
}

/** What a handler returned, checked, so that what is stored can be read again. */
export function toOutcome(value: unknown): JobOutcome {
  return v.parse(jobOutcome, value);
}

export function toProgress(value: unknown): JobProgress {
  return v.parse(jobProgress, value);
}

/** `failed` when nothing came through, `partial` when something did and something did not, otherwise `succeeded`. */
export function statusOf({ attempted, failed }: JobOutcome): 'succeeded' | 'partial' | 'failed' {
  if (failed.length === 0) {
    return 'succeeded';
  }
  return failed.length >= attempted ? 'failed' : 'partial';
}
