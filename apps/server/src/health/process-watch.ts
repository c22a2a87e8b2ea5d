import { readdir } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Service } from './services.ts';

const RESOLUTION_MS = 20;

/** Watches the process that it runs in, until it is disposed. */
export interface ProcessWatch extends Disposable {
  /** Memory, open files, and for how long requests had to wait for others since the start. */
  service(): Promise<Service>;
}

/**
 * Starts watching. `event_loop_lag_ms` is how much later than asked a timer of {@link RESOLUTION_MS} came. `open_files` is null
 * where the system does not tell.
 */
export function watchProcess(): ProcessWatch {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const lag = (nanoseconds: number): number => Math.max(0, Math.round(nanoseconds / 1e5 - RESOLUTION_MS * 10) / 10);
  return {
    async service() {
      return {
        status: 'ok',
        rss_bytes: process.memoryUsage.rss(),
        open_files: await openFiles(),
        uptime_seconds: Math.round(process.uptime()),
        event_loop_lag_ms: { p50: lag(delay.percentile(50)), p99: lag(delay.percentile(99)), max: lag(delay.max) },
      };
    },
    [Symbol.dispose]() {
      delay.disable();
    },
  };
}

async function openFiles(): Promise<number | null> {
  if (process.platform !== 'linux') return null;
  return (await readdir('/proc/self/fd')).length;
}
