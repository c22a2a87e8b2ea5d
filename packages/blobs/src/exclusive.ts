export type Exclusive = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/** Runs work on one key one after another, and on different keys side by side. */
export function createExclusive(): Exclusive {
  const last = new Map<string, Promise<void>>();
  return async (key, work) => {
    const before = last.get(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    last.set(key, promise);
    await before;
    try {
      return await work();
    } finally {
      resolve();
      if (last.get(key) === promise) {
        last.delete(key);
      }
    }
  };
}
