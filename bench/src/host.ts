import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';
import { duckdbVersion } from '@agnes/duckdb';

/** What of the machine matters to the figures; nothing that tells whose it is. */
export interface Host {
  readonly system: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memory_gib: number;
  readonly node: string;
  readonly duckdb: string;
  /** Processes that were waiting for the CPU, over the minute before the run. */
  readonly load_before: number;
}

export async function describeHost(): Promise<Host> {
  return {
    system: `${type()} ${release().split('-')[0]} ${process.arch}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memory_gib: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    duckdb: await duckdbVersion(),
    load_before: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}
