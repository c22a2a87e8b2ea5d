import type { OperationOutput, Operations } from '@agnes/api-contract';
import { AgnesError } from '@agnes/errors';
import type { Result } from './command.ts';
import { formatFields } from './output/table.ts';
import { formatTime, plural } from './output/units.ts';

export type Job = OperationOutput<Operations['getJob']>;
export type JobLogLine = OperationOutput<Operations['getJobLog']>['lines'][number];

export function isFinished(job: Job): boolean {
  return job.status !== 'queued' && job.status !== 'running';
}

type Outcome = NonNullable<Job['outcome']>;
type Problem = Outcome['failed'][number];

/** `2 changed, 5 unchanged, 1 failed`, which is what was attempted; then what was not. */
export function countsOf({ attempted, changed, skipped, failed }: Outcome): string {
  const unchanged = Math.max(0, attempted - changed - failed.length);
  const counts = `${changed} changed, ${unchanged} unchanged, ${failed.length} failed`;
  return skipped.length === 0 ? counts : `${counts}; ${skipped.length} skipped`;
}

function failureText({ item, code, message, hint }: Problem): string {
  return `${item}: ${message} (${code})${hint === undefined ? '' : ` → ${hint}`}`;
}

/** Without the code: it would name an error, and this is none. */
function warningText({ item, message, hint }: Problem): string {
  return `${item}: ${message}${hint === undefined ? '' : ` → ${hint}`}`;
}

/** A finished sync: what happened on stdout, each failure on stderr, and an error unless everything went well. */
export function syncResult(job: Job): Result {
  const { outcome } = job;
  const failed = outcome?.failed ?? [];
  const lines =
    outcome === null
      ? [`The sync ended: ${job.status}.`]
      : [
          `Synced ${plural(outcome.attempted, 'table')}: ${countsOf(outcome)}.`,
          ...outcome.skipped.map(({ item, reason }) => `skipped: ${item} (${reason})`),
        ];
  return {
    data: job,
    text: lines.join('\n'),
    notes: [
      ...(outcome?.warnings ?? []).map((warning) => `warning: ${warningText(warning)}`),
      ...failed.map((failure) => `failed: ${failureText(failure)}`),
    ],
    ...(job.status === 'succeeded' && failed.length === 0 ? {} : { error: syncError(job, failed.length) }),
  };
}

function syncError(job: Job, failed: number): AgnesError {
  const why = job.error?.message ?? (failed > 0 ? `${plural(failed, 'table')} failed` : `the job is ${job.status}`);
  return new AgnesError('sync_incomplete', `The sync did not bring everything: ${why.replace(/\.$/, '')}.`, {
    hint: job.error?.hint ?? `agnes admin job show ${job.id} --log`,
    details: { job_id: job.id, status: job.status },
  });
}

/** One job for people. */
export function jobText(job: Job): string {
  const { progress, outcome, error } = job;
  const fields: [string, string][] = [
    ['Job', job.id],
    ['Kind', job.kind],
    ['Status', job.status],
    ['Created', `${formatTime(job.created_at)}${job.created_by === null ? '' : ` by ${job.created_by}`}`],
    ['Started', formatTime(job.started_at)],
    ['Finished', formatTime(job.finished_at)],
  ];
  if (progress !== null && !isFinished(job)) fields.push(['Progress', progressText(progress)]);
  if (outcome !== null) {
    fields.push(['Outcome', `${outcome.attempted} attempted: ${countsOf(outcome)}`]);
    for (const { item, reason } of outcome.skipped) fields.push(['Skipped', `${item}: ${reason}`]);
    for (const warning of outcome.warnings ?? []) fields.push(['Warning', warningText(warning)]);
    for (const failure of outcome.failed) fields.push(['Failed', failureText(failure)]);
  }
  if (error !== null) fields.push(['Error', `${error.message} (${error.code})`]);
  return formatFields(fields);
}

export function progressText(progress: NonNullable<Job['progress']>): string {
  const { message, done, total, unit } = progress;
  const amount =
    done === undefined ? '' : `${done}${total === undefined ? '' : ` of ${total}`}${unit ? ` ${unit}` : ''}`;
  return [message, amount].filter((text) => text !== undefined && text !== '').join('  ') || 'running';
}

export function logText(lines: readonly JobLogLine[]): string {
  return lines.map(({ at, level, message }) => `${at} ${level.padEnd(7)} ${message}`).join('\n');
}
