import { isAgnesError } from '@agnes/errors';
import type { Logger } from 'pino';

/** Something to do again and again. */
export interface Task {
  readonly name: string;
  readonly everyMs: number;
  /** Does it once and says in a few words how that went; throws when it failed. */
  run(signal: AbortSignal): Promise<string>;
}

export interface ClockOptions {
  readonly tasks: readonly Task[];
  /** How often the clock looks whose turn it is. */
  readonly tickMs: number;
  /** How long it waits before its first look. */
  readonly graceMs: number;
  /** How long `stop` waits for what runs before it aborts it. */
  readonly stopMs?: number;
  readonly log: Logger;
}

export interface Clock {
  /** Starts nothing more, and ends when nothing runs any more. */
  stop(): Promise<void>;
}

/**
 * Runs each task at its interval, the first time at the first look. A task that still runs is not started again, and one
 * that failed waits for its next turn like any other, so nothing ever piles up.
 */
export function startClock({ tasks, tickMs, graceMs, stopMs = 5000, log }: ClockOptions): Clock {
  const startedAt = new Map<Task, number>();
  const running = new Map<Task, Promise<void>>();
  const abort = new AbortController();
  let ticking: NodeJS.Timeout | undefined;

  const run = async (task: Task): Promise<void> => {
    const began = performance.now();
    const ms = () => Math.round(performance.now() - began);
    try {
      const result = await task.run(abort.signal);
      log.info({ task: task.name, ms: ms(), result }, 'task done');
    } catch (error) {
      const failure = isAgnesError(error)
        ? { code: error.code, error: error.message, hint: error.hint }
        : { err: error };
      log.warn({ task: task.name, ms: ms(), ...failure }, `task failed; next try in ${task.everyMs / 1000} s`);
    } finally {
      running.delete(task);
    }
  };

  const tick = (): void => {
    const now = performance.now();
    for (const task of tasks) {
      const last = startedAt.get(task);
      // Timers may fire a moment early; without the tenth, such a task would wait a whole tick more.
      if (last !== undefined && now - last < task.everyMs - tickMs / 10) continue;
      if (running.has(task)) {
        log.debug({ task: task.name }, 'task still runs');
        continue;
      }
      startedAt.set(task, now);
      running.set(task, run(task));
    }
  };

  const grace = setTimeout(() => {
    tick();
    ticking = setInterval(tick, tickMs);
  }, graceMs);

  return {
    async stop() {
      clearTimeout(grace);
      clearInterval(ticking);
      const patience = setTimeout(() => abort.abort(new Error('The scheduler stops.')), stopMs);
      await Promise.all(running.values());
      clearTimeout(patience);
    },
  };
}
