import { AgnesError } from '@agnes/errors';
import { newId, type StateDatabase, schema } from '@agnes/state';
import { and, asc, eq, inArray, max, notInArray } from 'drizzle-orm';
import { type Job, type JobError, toJob } from './job.ts';

const { jobs, jobLog } = schema;

/** This process, as an owner of leases. */
const PROCESS = newId('process');
const MAX_ATTEMPTS = 3;

/** The right to work on a job and to write about it. It ends when the job has another token. */
export interface Lease {
  readonly jobId: string;
  readonly token: number;
}

export interface Claimed {
  readonly job: Job;
  readonly lease: Lease;
  /** Of the last line in its log, from earlier starts. */
  readonly logPosition: number;
}

export interface Holder {
  readonly owner: string;
  readonly leaseSeconds: number;
  readonly now: () => Date;
}

export function newOwner(): string {
  return `${PROCESS}/${newId()}`;
}

const expiry = ({ leaseSeconds, now }: Holder) => new Date(now().getTime() + leaseSeconds * 1000);

/** Takes the oldest queued jobs of these kinds whose lanes are free. */
export async function claim(
  tx: StateDatabase,
  holder: Holder,
  kinds: readonly string[],
  count: number,
): Promise<Claimed[]> {
  const running = await tx.select({ lane: jobs.lane }).from(jobs).where(eq(jobs.status, 'running'));
  const busy = new Set(running.map((row) => row.lane));
  const queued = await tx
    .select({ id: jobs.id, lane: jobs.lane })
    .from(jobs)
    .where(and(eq(jobs.status, 'queued'), inArray(jobs.kind, [...kinds])))
    .orderBy(asc(jobs.created_at), asc(jobs.id));
  const claimed: Claimed[] = [];
  for (const { id, lane } of queued) {
    if (claimed.length < count && !busy.has(lane)) {
      busy.add(lane);
      claimed.push(await claimOne(tx, holder, id));
    }
  }
  return claimed;
}

async function claimOne(tx: StateDatabase, holder: Holder, id: string): Promise<Claimed> {
  const [before] = await tx.select().from(jobs).where(eq(jobs.id, id));
  const [log] = await tx
    .select({ last: max(jobLog.position) })
    .from(jobLog)
    .where(eq(jobLog.job_id, id));
  const [row] = await tx
    .update(jobs)
    .set({
      status: 'running',
      attempts: (before?.attempts ?? 0) + 1,
      fencing_token: (before?.fencing_token ?? 0) + 1,
      lease_owner: holder.owner,
      lease_expires_at: expiry(holder),
      started_at: holder.now(),
      progress: null,
    })
    .where(eq(jobs.id, id))
    .returning();
  if (row === undefined) {
    throw new Error(`Job ${id} vanished while it was claimed.`);
  }
  return { job: toJob(row), lease: { jobId: id, token: row.fencing_token }, logPosition: log?.last ?? 0 };
}

/**
 * Renews the lease, inside the transaction that writes on its strength. Undefined when the job is no longer held: then
 * nothing may be written. Otherwise whether somebody asked to cancel the job.
 */
export async function renew(
  tx: StateDatabase,
  holder: Holder,
  lease: Lease,
): Promise<{ readonly cancelRequested: boolean } | undefined> {
  const [row] = await tx
    .update(jobs)
    .set({ lease_expires_at: expiry(holder) })
    .where(held(lease))
    .returning({ cancel: jobs.cancel_requested_at });
  return row && { cancelRequested: row.cancel !== null };
}

export function held({ jobId, token }: Lease) {
  return and(eq(jobs.id, jobId), eq(jobs.fencing_token, token), eq(jobs.status, 'running'));
}

/**
 * Jobs whose process is gone. The state has one owner at a time, on every engine, so a lease of another process is over at
 * once; one of this process is over when it was not renewed in time.
 */
export async function listLost(db: StateDatabase, now: Date, mine: readonly string[]): Promise<string[]> {
  const rows = await db
    .select({ id: jobs.id, owner: jobs.lease_owner, expires: jobs.lease_expires_at })
    .from(jobs)
    .where(and(eq(jobs.status, 'running'), mine.length === 0 ? undefined : notInArray(jobs.id, [...mine])));
  return rows
    .filter(({ owner, expires }) => {
      const elsewhere = owner === null || !owner.startsWith(`${PROCESS}/`);
      return elsewhere || expires === null || expires < now;
    })
    .map((row) => row.id);
}

/** Puts a lost job back into its lane, or ends it: as cancelled when that was asked, as failed after three starts. */
export async function giveBack(tx: StateDatabase, id: string, now: Date): Promise<void> {
  const [row] = await tx
    .select()
    .from(jobs)
    .where(and(eq(jobs.id, id), eq(jobs.status, 'running')));
  if (row === undefined) {
    return;
  }
  const cancelled = row.cancel_requested_at !== null;
  const ended = cancelled || row.attempts >= MAX_ATTEMPTS;
  const lost = new AgnesError(
    'job_lost',
    `The process that ran the job ended before the job did, ${row.attempts} times. The job was not started again.`,
    { hint: 'Look into the job log and the server log for what ends the process, then start the job again.' },
  );
  await tx
    .update(jobs)
    .set({
      ...(ended
        ? { status: cancelled ? 'cancelled' : 'failed', error: cancelled ? null : errorOf(lost), finished_at: now }
        : { status: 'queued' }),
      fencing_token: row.fencing_token + 1,
      lease_owner: null,
      lease_expires_at: null,
    })
    .where(eq(jobs.id, id));
  const [log] = await tx
    .select({ last: max(jobLog.position) })
    .from(jobLog)
    .where(eq(jobLog.job_id, id));
  await tx.insert(jobLog).values({
    job_id: id,
    position: (log?.last ?? 0) + 1,
    at: now,
    level: ended && !cancelled ? 'error' : 'warning',
    message: ended
      ? 'The process that ran the job ended before the job did.'
      : `The process that ran the job ended before the job did; it starts again (start ${row.attempts + 1} of ${MAX_ATTEMPTS}).`,
  });
}

export function errorOf(error: AgnesError): JobError {
  return { code: error.code, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
}
