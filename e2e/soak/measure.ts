import type { Client } from '@agnes/api-client';

export interface Sample {
  readonly rss: number;
  readonly openFiles: number | null;
  readonly lag: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** What the server says of its own process, to an administrator. */
export async function measure(admin: Client): Promise<Sample> {
  const { services } = await admin.healthDetailed();
  const process = services.process as unknown as {
    rss_bytes: number;
    open_files: number | null;
    event_loop_lag_ms: Sample['lag'];
  };
  return { rss: process.rss_bytes, openFiles: process.open_files, lag: process.event_loop_lag_ms };
}

/** Means of the first and the last quarter of a series, and how they differ. */
export function drift(values: readonly number[]): {
  readonly first: number;
  readonly last: number;
  readonly change: number;
} {
  const quarter = Math.max(1, Math.floor(values.length / 4));
  const mean = (some: readonly number[]): number => some.reduce((sum, value) => sum + value, 0) / some.length;
  const [first, last] = [mean(values.slice(0, quarter)), mean(values.slice(-quarter))];
  return { first, last, change: last - first };
}
