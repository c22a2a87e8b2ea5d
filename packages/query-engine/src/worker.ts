/**
 * Process entry: answers requests of the pool, one at a time, each in a DuckDB of its own that was opened ahead and is
 * thrown away after. `protocol.ts` has what goes in and out. Ends when the pool goes away.
 */
import { writeFile } from 'node:fs/promises';
import { openDatabase } from '@agnes/duckdb';
import { messageOf } from '@agnes/errors';
import { parse } from 'valibot';
import { doWork } from './do-work.ts';
import { type FromWorker, toWorker, type WorkerSettings } from './protocol.ts';

const WATCH_MS = 100;

function main(): void {
  let settings: WorkerSettings | undefined;
  let ahead = openDatabase(':memory:');
  const ready = (): void => {
    ahead.then(
      () => send({ type: 'ready' }),
      (error: unknown) => fail(error),
    );
  };

  process.on('disconnect', () => process.exit(0));
  process.on('message', (message) => {
    const request = parse(toWorker, message);
    if (request.type === 'start') {
      settings = request.settings;
      setInterval(endWhenTooLarge, WATCH_MS, settings.residentBytes);
      ready();
      return;
    }
    if (settings === undefined) throw new Error('A worker gets its settings first.');
    const database = ahead;
    doWork(database, request.work, settings)
      .then((answer) => {
        send(answer);
        ahead = openDatabase(':memory:');
        ready();
        return database.then((used) => used.close());
      })
      .catch(fail);
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

function send(message: FromWorker): void {
  process.send?.(message);
}

/** A fault of ours: the pool replaces this worker. */
function fail(error: unknown): void {
  process.stderr.write(`${messageOf(error)}\n`, () => process.exit(1));
}

main();
