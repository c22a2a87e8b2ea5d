/**
 * Resolves when the process should end: at SIGTERM, at SIGINT, or when the parent that holds its IPC channel is gone. A
 * second signal ends the process at once.
 */
export function untilStopped(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        resolve(signal);
        process.once(signal, () => process.exit(1));
      });
    }
    // A parent that is killed cannot send a signal, but its end of the channel closes.
    if (process.connected) process.once('disconnect', () => resolve('the server is gone'));
  });
}
