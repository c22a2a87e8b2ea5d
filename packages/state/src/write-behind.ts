/** Writes that no request waits for: together, within a moment, one after the other. */
export interface WriteBehind {
  /** Has what waits written in half a second. */
  due(): void;
  /** Resolves when all that waited is written; throws what kept it from being written. Awaited before the state closes. */
  settled(): Promise<void>;
}

export interface WriteBehindOptions {
  /** Writes all that waits; what it could not write still waits. Never called while it is under way. */
  readonly writeAll: () => Promise<void>;
  /** Told once when it fails, until it works again. */
  readonly onError: (error: unknown) => void;
}

const WAIT_MS = 500;
const RETRY_MS = 2000;

export function createWriteBehind({ writeAll, onError }: WriteBehindOptions): WriteBehind {
  let timer: NodeJS.Timeout | undefined;
  let underWay: Promise<void> | undefined;
  let failing = false;

  const write = (): Promise<void> => {
    underWay ??= writeAll().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
  const due = (ms: number): void => {
    timer ??= setTimeout(() => {
      timer = undefined;
      write().then(
        () => {
          failing = false;
        },
        (error: unknown) => {
          if (!failing) onError(error);
          failing = true;
          due(RETRY_MS);
        },
      );
    }, ms).unref();
  };

  return {
    due: () => due(WAIT_MS),
    async settled() {
      // It may have begun before the last of what waits came.
      await underWay?.catch(() => {});
      clearTimeout(timer);
      timer = undefined;
      await write();
    },
  };
}
