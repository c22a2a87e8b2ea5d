import { mkdir, readdir, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { minimalEnvironment, nodeCommand } from '@agnes/child-process';
import { AgnesError, type ErrorCode, isErrorCode, messageOf } from '@agnes/errors';
import * as v from 'valibot';
import { type ChildEnd, runChild } from '../process/run-child.ts';
import { type PublishMessage, type PublishRequest, publishMessage, type TableMessage } from './protocol.ts';

export interface PublishProcessOptions {
  readonly deadlineMs: number;
  /** What a publish may write in all, in bytes. */
  readonly outputBytes: number;
  /** What of its disk has to stay free, in bytes: the server's state may lie there too. */
  readonly keepFreeBytes: number;
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

/** All that a publish runner found in a source. */
export interface SourceContent {
  readonly tables: readonly TableMessage[];
  readonly failed: readonly Failure[];
  readonly skipped: readonly { readonly name: string; readonly reason: string }[];
  readonly problems: readonly Omit<Failure, 'name'>[];
  readonly complete: boolean;
  readonly files: Extract<PublishMessage, { type: 'done' }>['files'];
}

/** A line holds a table's parts and columns, so it may be long; ten thousand parts are about 2 MB. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

/**
 * Runs a publish runner to its end. Throws `publish_failed` when it crashes, takes too long or writes what we do not know,
 * and `job_cancelled` when the signal fires. `request.out_dir` is made, and removed at the end.
 */
export async function readSource(request: PublishRequest, options: PublishProcessOptions): Promise<SourceContent> {
  const tables: TableMessage[] = [];
  const failed: Failure[] = [];
  const skipped: { name: string; reason: string }[] = [];
  const problems: Omit<Failure, 'name'>[] = [];
  let done: Extract<PublishMessage, { type: 'done' }> | undefined;

  const take = (line: string): void => {
    const message = v.parse(publishMessage, JSON.parse(line));
    if (done !== undefined) throw new Error('A message came after the last one.');
    if (message.type === 'table') tables.push(message);
    else if (message.type === 'failed') failed.push({ name: message.name, ...failureOf(message) });
    else if (message.type === 'skipped') skipped.push({ name: message.name, reason: message.reason });
    else if (message.type === 'problem') problems.push(failureOf(message));
    else if (message.type === 'progress') options.onProgress?.(message);
    else done = message;
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
      environment: minimalEnvironment(temporary),
      // Relative paths in views are looked up in the source's folder.
      cwd: request.source_dir,
      input: JSON.stringify(request),
      keepStdin: true,
      onLine: take,
      maxLineBytes: MAX_LINE_BYTES,
      deadlineMs: options.deadlineMs,
      graceMs: 0,
      signal: options.signal === undefined ? size.signal : AbortSignal.any([options.signal, size.signal]),
    });
    if (end.reason !== 'exited' || end.code !== 0 || done === undefined) {
      throw crash(request.source, end, options, size.signal.aborted ? String(size.signal.reason) : undefined);
    }
    return { tables, failed, skipped, problems, complete: done.complete, files: done.files };
  } finally {
    size.stop();
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

/**
 * Fires, with what happened as its reason, when the files below a folder become too much: an extract's view may yield rows
 * without end.
 */
function watchSize(
  folder: string,
  limits: Pick<PublishProcessOptions, 'outputBytes' | 'keepFreeBytes'>,
): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController();
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    tooMuch(folder, limits).then(
      (reason) => {
        busy = false;
        if (reason !== undefined) controller.abort(reason);
      },
      // A file went away meanwhile; the next look will tell.
      () => {
        busy = false;
      },
    );
  }, 500);
  return { signal: controller.signal, stop: () => clearInterval(timer) };
}

async function tooMuch(
  folder: string,
  { outputBytes, keepFreeBytes }: Pick<PublishProcessOptions, 'outputBytes' | 'keepFreeBytes'>,
): Promise<string | undefined> {
  const size = await sizeOf(folder);
  if (size > outputBytes) return `wrote more than the ${outputBytes} bytes that it may`;
  const { bavail, bsize } = await statfs(folder);
  // What wrote nothing is not the one that fills the disk.
  if (size > 0 && bavail * bsize < keepFreeBytes) {
    return `was about to fill the disk: ${bavail * bsize} bytes are left`;
  }
  return undefined;
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
