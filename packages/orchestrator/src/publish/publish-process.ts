import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { minimalEnvironment, nodeCommand } from '@agnes/child-process';
import { AgnesError, type ErrorCode, isErrorCode, messageOf } from '@agnes/errors';
import * as v from 'valibot';
import { ranOutOfMemory } from '../process/ran-out-of-memory.ts';
import { type ChildEnd, runChild } from '../process/run-child.ts';
import {
  type PublishedFile,
  type PublishMessage,
  type PublishRequest,
  publishMessage,
  type TableMessage,
} from './protocol.ts';
import { type SizeLimits, watchSize } from './watch-size.ts';

export interface PublishProcessOptions extends SizeLimits {
  readonly deadlineMs: number;
  /** Of one table. */
  readonly tableDeadlineMs: number;
  /** What its process may allocate, in bytes. */
  readonly dataBytes: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (message: Extract<PublishMessage, { type: 'progress' }>) => void;
}

export interface Failure {
  readonly name: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
}

/** All that was found in a source. */
export interface SourceContent {
  readonly tables: readonly TableMessage[];
  readonly failed: readonly Failure[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  readonly problems: readonly Omit<Failure, 'name'>[];
  readonly complete: boolean;
  /** Whether the same files would be read the same at any other time. */
  readonly repeatable: boolean;
  readonly files: readonly PublishedFile[];
}

/** A line holds a table's parts and columns, so it may be long; ten thousand parts are about 2 MB. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

export interface PublisherRun {
  readonly content: SourceContent;
  /** The tables that were dealt with, whatever became of them. */
  readonly finished: readonly string[];
  /** The table that the runner was ended at: the rest of the source is still to be read, without it. */
  readonly stopped: Failure | undefined;
}

/**
 * Runs a publish runner to its end, or to a table that takes too long or more memory than there may be. Throws
 * `publish_failed` when it crashes otherwise, takes too long as a whole or writes what we do not know, and `job_cancelled`
 * when the signal fires. `request.out_dir` is made, and removed at the end.
 */
export async function runPublisher(request: PublishRequest, options: PublishProcessOptions): Promise<PublisherRun> {
  const tables: TableMessage[] = [];
  const failed: Failure[] = [];
  const skipped: { name: string; reason: string }[] = [];
  const problems: Omit<Failure, 'name'>[] = [];
  const files: PublishedFile[] = [];
  const finished: string[] = [];
  let done: Extract<PublishMessage, { type: 'done' }> | undefined;
  const clock = tableClock(options.tableDeadlineMs);

  const take = (line: string): void => {
    const message = v.parse(publishMessage, JSON.parse(line));
    if (done !== undefined) throw new Error('A message came after the last one.');
    if (message.type === 'started') clock.start(message.table);
    else if (message.type === 'table') tables.push(message);
    else if (message.type === 'failed') failed.push({ name: message.name, ...failureOf(message) });
    else if (message.type === 'skipped') skipped.push({ name: message.name, reason: message.reason });
    else if (message.type === 'problem') problems.push(failureOf(message));
    else if (message.type === 'files') files.push(...message.files);
    else if (message.type === 'progress') {
      clock.stop();
      finished.push(message.table);
      options.onProgress?.(message);
    } else done = message;
  };

  const temporary = join(request.out_dir, 'tmp');
  await mkdir(temporary, { recursive: true });
  const size = watchSize(request.out_dir, options);
  try {
    const end = await runChild({
      command: nodeCommand(import.meta.resolve('@agnes/orchestrator/publish-runner'), {
        dataBytes: options.dataBytes,
        heapMb: 512,
      }),
      residentBytes: options.dataBytes,
      environment: minimalEnvironment(temporary),
      // Relative paths in views are looked up in the source's folder.
      cwd: request.source_dir,
      input: JSON.stringify(request),
      keepStdin: true,
      onLine: take,
      maxLineBytes: MAX_LINE_BYTES,
      deadlineMs: options.deadlineMs,
      graceMs: 0,
      signal: AbortSignal.any([size.signal, clock.signal, ...(options.signal === undefined ? [] : [options.signal])]),
    });
    const content = { tables, failed, skipped, problems };
    const cancelled = options.signal?.aborted === true || size.signal.aborted;
    const stopped = cancelled ? undefined : stoppedAt(clock, end, options);
    if (stopped !== undefined)
      return { content: { ...content, complete: false, repeatable: false, files }, finished, stopped };
    if (end.reason !== 'exited' || end.code !== 0 || done === undefined) {
      throw crash(request.source, end, options, size.signal.aborted ? String(size.signal.reason) : undefined);
    }
    const { complete, repeatable } = done;
    return { content: { ...content, complete, repeatable, files }, finished, stopped: undefined };
  } finally {
    size.stop();
    clock.stop();
    // What stays is swept, and changes nothing about what was published.
    await rm(request.out_dir, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }
}

function failureOf(message: { code: string; message: string; hint?: string | undefined }): Omit<Failure, 'name'> {
  return {
    code: isErrorCode(message.code) ? message.code : 'publish_failed',
    message: message.message,
    ...(message.hint === undefined ? {} : { hint: message.hint }),
  };
}

/** Runs while a table is read. Its signal fires when that takes too long. */
function tableClock(deadlineMs: number) {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let table: string | undefined;
  return {
    signal: controller.signal,
    get table() {
      return table;
    },
    start(name: string): void {
      table = name;
      timer = setTimeout(() => controller.abort(), deadlineMs);
    },
    stop(): void {
      clearTimeout(timer);
      if (!controller.signal.aborted) table = undefined;
    },
  };
}

/** The table that is to blame for the end, when one is: it took too long, or memory ran out while it was read. */
function stoppedAt(
  { table, signal }: ReturnType<typeof tableClock>,
  end: ChildEnd,
  { tableDeadlineMs, dataBytes }: PublishProcessOptions,
): Failure | undefined {
  if (table === undefined) return undefined;
  const advice = 'Let the connector write the table as parquet files';
  if (end.reason === 'cancelled' && signal.aborted) {
    return {
      name: table,
      code: 'publish_failed',
      message: `${table} was not read within ${tableDeadlineMs / 1000} s and was stopped.`,
      hint: `${advice}, or raise AGNES_PUBLISH_TABLE_TIMEOUT_SEC.`,
    };
  }
  const killed = end.reason === 'exited' && end.signal !== null;
  if (!killed && end.reason !== 'memory' && !ranOutOfMemory(end)) return undefined;
  const most = Math.round(dataBytes / 2 ** 20);
  return {
    name: table,
    code: 'publish_failed',
    message: `The process that read ${table} ended (${end.signal ?? `exit code ${end.code}`}), most likely because it needs more than the ${most} MB of memory that it may have.`,
    hint: `${advice}, or raise AGNES_PUBLISH_MEMORY_MB.`,
  };
}

function crash(
  source: string,
  end: ChildEnd,
  options: PublishProcessOptions,
  tooLarge: string | undefined,
): AgnesError {
  if (end.reason === 'cancelled' && tooLarge === undefined) {
    return new AgnesError('job_cancelled', `Publishing ${source} was cancelled; readers keep the last good version.`);
  }
  const last = end.stderr.lines(5).join(' | ');
  const [what, hint] = tooLarge === undefined ? whatHappened(end, options) : [tooLarge, TOO_LARGE_HINT];
  return new AgnesError(
    'publish_failed',
    `Publishing ${source} ${what}; readers keep the last good version.${last === '' ? '' : ` It last said: ${last}`}`,
    { hint, details: { source }, cause: end.error },
  );
}

const TOO_LARGE_HINT = 'Look for a view in the extract with far too many rows, or give the server a larger disk.';

function whatHappened(end: ChildEnd, options: PublishProcessOptions): [what: string, hint: string] {
  if (end.reason === 'deadline') {
    const seconds = options.deadlineMs / 1000;
    return [`did not end within ${seconds} s and was stopped`, 'Look for a view in the extract that never ends.'];
  }
  if (end.reason === 'refused') {
    return [`gave an answer that cannot be read (${messageOf(end.error)})`, 'Try again; if it stays, report it.'];
  }
  if (end.signal === 'SIGKILL') {
    return ['was killed, most likely because memory ran out', 'Give the server more memory, or write smaller files.'];
  }
  return [`ended early (${end.signal ?? `exit code ${end.code}`})`, 'Try again; if it stays, run the connector again.'];
}
