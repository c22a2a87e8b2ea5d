/** Work that a request starts and does not wait for. */
export interface Background {
  /** Starts it after the current turn. What fails is told to `onError`; beyond the limit nothing more is taken. */
  run(work: () => Promise<void>): void;
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
}

const MOST_UNDER_WAY = 500;

export function createBackground(onError: (error: unknown) => void): Background {
  const underWay = new Set<Promise<void>>();
  return {
    run(work) {
      if (underWay.size >= MOST_UNDER_WAY) {
        onError(new Error('Too much is being done in the background; a mail was not sent.'));
        return;
      }
      const task = new Promise<void>((resolve) => setImmediate(resolve)).then(work).catch(onError);
      underWay.add(task);
      void task.finally(() => underWay.delete(task));
    },
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
  };
}
