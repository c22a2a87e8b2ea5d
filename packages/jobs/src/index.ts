export {
  JOB_STATUSES,
  type Job,
  type JobContext,
  type JobError,
  type JobHandler,
  type JobLogLevel,
  type JobLogLine,
  type JobOutcome,
  type JobProgress,
  type JobStatus,
} from './job.ts';
export { createJobs, type EnqueuedJob, type JobRequest, type Jobs } from './jobs.ts';
export type { JobRunner, RunnerOptions } from './runner.ts';
