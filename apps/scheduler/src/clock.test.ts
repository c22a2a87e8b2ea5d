import { once } from 'node:events';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { type Clock, startClock, type Task } from './clock.ts';

const silent = pino({ level: 'silent' });

/** Runs a clock over one task until the task has been started `times` times. */
async function runUntil(times: number, task: Omit<Task, 'name'>, options: { stopMs?: number } = {}): Promise<Clock> {
  const events = new EventTarget();
  let starts = 0;
  const reached = once(events, 'reached');
  const clock = startClock({
    tasks: [
      {
        name: 'task',
        everyMs: task.everyMs,
        run: (signal) => {
          starts += 1;
          if (starts === times) events.dispatchEvent(new Event('reached'));
          return task.run(signal);
        },
      },
    ],
    tickMs: 5,
    graceMs: 0,
    log: silent,
    ...options,
  });
  await reached;
  return clock;
}

describe('the clock', () => {
  test('runs a task again and again', async () => {
    await (await runUntil(3, { everyMs: 5, run: async () => 'ok' })).stop();
  });

  test('tries a failed task again at its next turn', async () => {
    const failing = { everyMs: 5, run: () => Promise.reject(new Error('down')) };
    await (await runUntil(3, failing)).stop();
  });

  test('does not start a task that still runs', async () => {
    let ticks = 0;
    let most = 0;
    let now = 0;
    const slow = Promise.withResolvers<string>();
    const clock = startClock({
      tasks: [
        {
          name: 'slow',
          everyMs: 1,
          run: async () => {
            now += 1;
            most = Math.max(most, now);
            await slow.promise;
            now -= 1;
            return 'ok';
          },
        },
        {
          name: 'count',
          everyMs: 1,
          run: async () => {
            ticks += 1;
            if (ticks === 10) slow.resolve('ok');
            return 'ok';
          },
        },
      ],
      tickMs: 2,
      graceMs: 0,
      log: silent,
    });
    await slow.promise;
    await clock.stop();
    expect(most).toBe(1);
  });

  test('stops before its grace is over', async () => {
    let runs = 0;
    const task = { name: 'task', everyMs: 1, run: async () => String(runs++) };
    await startClock({ tasks: [task], tickMs: 1, graceMs: 60_000, log: silent }).stop();
    expect(runs).toBe(0);
  });

  test('waits for what runs, and aborts it when that takes too long', async () => {
    let aborted = false;
    const hanging = {
      everyMs: 5,
      run: (signal: AbortSignal) =>
        new Promise<string>((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(signal.reason);
          });
        }),
    };
    await (await runUntil(1, hanging, { stopMs: 10 })).stop();
    expect(aborted).toBe(true);
  });
});
