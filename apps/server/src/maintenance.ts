import type { Logger } from 'pino';

/** Something that keeps the data folder small and safe. */
export interface Chore {
  readonly name: string;
  readonly everyMs: number;
  /** Does it, and says what it did when that was anything. */
  run(): Promise<object | undefined>;
}

export interface Maintenance {
  /** Starts nothing more, and ends when nothing runs any more. */
  stop(): Promise<void>;
}

/**
 * Does each chore at once and then at its interval, one chore at a time, never on a request's path. A chore that fails is
 * logged and has its turn again.
 */
export function startMaintenance(chores: readonly Chore[], log: Logger): Maintenance {
  let work = Promise.resolve();
  let stopped = false;
  const waiting = new Set<Chore>();

  const enqueue = (chore: Chore): void => {
    if (waiting.has(chore)) return;
    waiting.add(chore);
    work = work.then(async () => {
      waiting.delete(chore);
      if (!stopped) await runChore(chore, log);
    });
  };
  const timers = chores.map((chore) => {
    enqueue(chore);
    return setInterval(() => enqueue(chore), chore.everyMs);
  });
  return {
    async stop() {
      stopped = true;
      for (const timer of timers) clearInterval(timer);
      await work;
    },
  };
}

async function runChore(chore: Chore, log: Logger): Promise<void> {
  const began = performance.now();
  try {
    const done = await chore.run();
    const line = { chore: chore.name, ms: Math.round(performance.now() - began), ...done };
    if (done === undefined) log.debug(line, 'chore done');
    else log.info(line, 'chore done');
  } catch (error) {
    log.error({ chore: chore.name, err: error }, 'chore failed');
  }
}
