import type { Logger } from 'pino';

export interface Stop {
  readonly reason: string;
  /** The exit code that fits. */
  readonly code: number;
}

/**
 * Resolves when the process should end: at SIGTERM or SIGINT, or when something threw that nobody caught, after which
 * nothing is certain any more. A second signal ends the process at once.
 */
export function untilStopped(log: Logger): Promise<Stop> {
  return new Promise((resolve) => {
    for (const [signal, code] of [
      ['SIGTERM', 143],
      ['SIGINT', 130],
    ] as const) {
      process.once(signal, () => {
        process.once(signal, () => process.exit(code));
        resolve({ reason: signal, code: 0 });
      });
    }
    const crash = (reason: string) => (error: unknown) => {
      log.fatal({ err: error }, reason);
      resolve({ reason, code: 1 });
    };
    process.on('uncaughtException', crash('uncaught exception'));
    process.on('unhandledRejection', crash('unhandled rejection'));
  });
}
