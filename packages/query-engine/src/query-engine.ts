import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobStore } from '@agnes/blobs';
import type { Catalog } from '@agnes/catalog';
import type { Access, AuditEntry } from '@agnes/rbac';
import type { State } from '@agnes/state';
import { createAdmission } from './admission.ts';
import { createGateway, type Gateway } from './gateway.ts';
import { createPolicyTrials } from './policies.ts';
import { createResolver, wholeTable } from './resolve.ts';
import { openSlices } from './slices.ts';
import { createUniformFiles } from './uniform-files.ts';
import { createUsage } from './usage.ts';
import { createWorkerPool, type WorkerPoolOptions } from './worker-pool.ts';

/** What queries may take. */
export interface QueryLimits {
  /** Queries that run at a time, each in a process of its own. */
  readonly workers: number;
  /** DuckDB's memory in each; the process may have 1024 more. */
  readonly memoryMb: number;
  /** 0: as many as the machine has cores, four at most. */
  readonly threads: number;
  readonly tempMb: number;
  readonly timeLimitSeconds: number;
  readonly resultMb: number;
  readonly slicesMb: number;
  readonly perUser: number;
  readonly queuePerUser: number;
  readonly queue: number;
  /** Megabytes of results a person may have in a UTC day; 0 for no cap. */
  readonly dailyMb: number;
}

export interface QueryEngineOptions {
  readonly state: State;
  readonly catalog: Pick<Catalog, 'readableNow' | 'currentVersion' | 'get'>;
  /** Its slot for the validator of policies is filled. */
  readonly access: Pick<Access, 'groupsOf' | 'policyFor' | 'setPolicyValidator' | 'recordPolicyFailure'>;
  readonly blobs: BlobStore;
  /** For temporary files, results and slices; its own. */
  readonly folder: string;
  readonly limits: QueryLimits;
  /** Takes what is to be audited. What it throws, the asker gets instead of the result. */
  readonly note: (entry: AuditEntry) => void;
  /** Told what could not be done behind a request. */
  readonly onError: (error: unknown, what: string) => void;
}

export interface QueryEngine extends AsyncDisposable {
  readonly gateway: Gateway;
  status(): { readonly running: number; readonly waiting: number; readonly workers: number };
  /** Process ids of its workers. */
  pids(): number[];
  close(): Promise<void>;
}

const MB = 1024 ** 2;
const ANSWER_BYTES = 16 * MB;
/** Waiting for a turn; a worker is there by then. */
const WAIT_MS = 30_000;

/** Opens the gateway with its workers. What a process before this one left in the folder is swept, but for finished slices. */
export async function openQueryEngine(options: QueryEngineOptions): Promise<QueryEngine> {
  const { state, catalog, access, blobs, folder, limits, note, onError } = options;
  const [tempRoot, resultsFolder] = [join(folder, 'workers'), join(folder, 'results')];
  for (const path of [tempRoot, resultsFolder]) {
    await rm(path, { recursive: true, force: true });
    await mkdir(path, { recursive: true });
  }
  const deadlineMs = limits.timeLimitSeconds * 1000;
  const workers: WorkerPoolOptions = {
    memoryLimit: `${limits.memoryMb}MB`,
    maxTempSize: `${limits.tempMb}MB`,
    tempRoot,
    deadlineMs,
    waitMs: WAIT_MS,
    ...(limits.threads === 0 ? {} : { threads: limits.threads }),
  };
  const pool = createWorkerPool({ ...workers, size: limits.workers, spare: Math.min(2, limits.workers) });
  // No SQL of a caller ever runs in these, so slices can be made while queries hold all the others.
  const trusted = createWorkerPool({ ...workers, size: 2, spare: 0 });
  const usage = createUsage({
    state,
    dailyBytes: limits.dailyMb * MB,
    onError: (error) => onError(error, 'the usage of the query gateway could not be written'),
  });
  const admission = createAdmission({
    slots: limits.workers,
    perUser: limits.perUser,
    queuePerUser: limits.queuePerUser,
    queue: limits.queue,
    waitMs: WAIT_MS,
  });
  const uniform = createUniformFiles(trusted);
  const trials = createPolicyTrials({
    pool: trusted,
    folder: resultsFolder,
    deadlineMs,
    async tableOf(tableId) {
      const version = await catalog.currentVersion(tableId);
      if (version === undefined) return undefined;
      return wholeTable((await catalog.get(tableId)).name, version, blobs, uniform);
    },
    recordFailure: access.recordPolicyFailure,
  });
  access.setPolicyValidator(trials.validate);
  const slices = await openSlices({
    pool: trusted,
    folder: join(folder, 'slices'),
    maxBytes: limits.slicesMb * MB,
    deadlineMs,
    onPolicyFailed: (policy, table) =>
      trials
        .failed(policy, table)
        .catch((error: unknown) => onError(error, 'why a policy fails could not be recorded')),
  });
  const resolver = createResolver({ state, catalog, access, blobs, slices, uniform });
  const gateway = createGateway({
    pool,
    resolver,
    admission,
    usage,
    resultsFolder,
    limits: { deadlineMs, answerBytes: ANSWER_BYTES, resultBytes: limits.resultMb * MB },
    note,
  });
  const close = async (): Promise<void> => {
    await Promise.all([pool.close(), trusted.close()]);
    await usage.settled();
  };
  return {
    gateway,
    status: () => ({ ...admission.status(), workers: pool.status().workers }),
    pids: () => [...pool.pids(), ...trusted.pids()],
    close,
    [Symbol.asyncDispose]: close,
  };
}
