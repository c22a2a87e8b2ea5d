import { AsyncLocalStorage } from 'node:async_hooks';
import { AgnesError } from '@agnes/errors';

export interface WriteQueue {
  /** Runs `work` after everything that came before it. Calling it from inside `work` is a programmer's error. */
  run<T>(work: () => Promise<T>): Promise<T>;
  /** Refuses what comes from now on with `unavailable`, and waits for what is under way. */
  close(): Promise<void>;
}

/** One writer at a time: conflicts between transactions are then impossible, where retrying them would not end. */
export function createWriteQueue(): WriteQueue {
  const current = new AsyncLocalStorage<{ running: boolean }>();
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;

  const turn = async <T>(previous: Promise<unknown>, work: () => Promise<T>): Promise<T> => {
    await previous;
    const token = { running: true };
    try {
      return await current.run(token, work);
    } finally {
      token.running = false;
    }
  };

  return {
    async run<T>(work: () => Promise<T>): Promise<T> {
      // What `work` started and left behind (a timer, a loop) carries its context on, so the token says when it is over.
      if (current.getStore()?.running) {
        throw new Error('state.write() inside state.write() would wait for itself: hand `tx` on instead.');
      }
      if (closed) {
        throw new AgnesError('unavailable', 'The server is stopping; nothing was saved.', {
          hint: 'Try again shortly.',
        });
      }
      const result = turn(last, work);
      last = result.then(settled, settled);
      return result;
    },
    async close() {
      closed = true;
      await last;
    },
  };
}

function settled(): void {}
