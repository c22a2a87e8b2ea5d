/**
 * Process entry: answers commands of the pool, one at a time. `protocol.ts` has what goes in and out, `worker/sessions.ts`
 * which work shares a database. Ends when the pool goes away.
 */
import { writeFile } from 'node:fs/promises';
import { messageOf } from '@agnes/errors';
import { parse } from 'valibot';
import { type FromWorker, type ToWorker, toWorker } from './protocol.ts';
import { openSession } from './worker/session.ts';
import { createSessions, type Sessions } from './worker/sessions.ts';

const WATCH_MS = 100;

function main(): void {
  let sessions: Sessions | undefined;

  const answer = async (request: ToWorker): Promise<FromWorker> => {
    if (request.type === 'start') {
      const { settings } = request;
      setInterval(endWhenTooLarge, WATCH_MS, settings.residentBytes);
      sessions = createSessions(() => openSession(settings), fail);
    }
    if (sessions === undefined) throw new Error('A worker gets its settings first.');
    if (request.type !== 'start' && request.type !== 'end') return sessions.answer(request);
    await sessions.end();
    return { type: 'ready' };
  };

  process.on('disconnect', () => process.exit(0));
  process.on('message', (message) => {
    answer(parse(toWorker, message)).then((said) => process.send?.(said), fail);
  });
  endBeforeServer();
}

/** Memory that a single scalar call takes is not counted by DuckDB, but its JavaScript thread is free to look. */
function endWhenTooLarge(bytes: number): void {
  if (process.memoryUsage.rss() > bytes) process.kill(process.pid, 'SIGKILL');
}

/** When memory runs out, the system ends a worker before it ends the server. Linux only. */
function endBeforeServer(): void {
  if (process.platform !== 'linux') return;
  writeFile('/proc/self/oom_score_adj', '800').catch(() => {
    // A container may forbid it; the other caps still hold.
  });
}

/** A fault of ours: the pool replaces this worker. */
function fail(error: unknown): void {
  process.stderr.write(`${messageOf(error)}\n`, () => process.exit(1));
}

main();
