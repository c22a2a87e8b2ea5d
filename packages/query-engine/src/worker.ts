/**
 * Process entry: answers commands of the pool, one at a time, each piece of work in a DuckDB of its own that was opened
 * ahead and is thrown away after. `protocol.ts` has what goes in and out. Ends when the pool goes away.
 */
import { writeFile } from 'node:fs/promises';
import { messageOf } from '@agnes/errors';
import { parse } from 'valibot';
import { type FromWorker, type ToWorker, toWorker } from './protocol.ts';
import { openSession, type Session } from './worker/session.ts';

const WATCH_MS = 100;

function main(): void {
  let open: (() => Promise<Session>) | undefined;
  let session: Promise<Session> | undefined;

  const answer = async (request: ToWorker): Promise<FromWorker> => {
    if (request.type === 'start') {
      const { settings } = request;
      setInterval(endWhenTooLarge, WATCH_MS, settings.residentBytes);
      open = () => openSession(settings);
    } else if (request.type !== 'end') {
      if (session === undefined) throw new Error('A worker gets its settings first.');
      return (await session).answer(request);
    }
    const used = session;
    session = open?.();
    await session;
    // Closing takes as long as opening; nobody waits for it.
    used?.then((old) => old.close()).catch(fail);
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
