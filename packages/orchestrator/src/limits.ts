/** What the processes of an orchestrator may use. */
export interface Limits {
  /** DuckDB's memory in a publish runner, in MB, AGNES_PUBLISH_MEMORY_MB; the process may have 1 GB more. Default 1024. */
  readonly publishMemoryMb: number;
  readonly publishThreads: number;
  /** Of a source: AGNES_PUBLISH_TIMEOUT_SEC. Default 30 minutes. */
  readonly publishTimeoutMs: number;
  /** Of one table, which costs the source's others nothing: AGNES_PUBLISH_TABLE_TIMEOUT_SEC. Default 5 minutes. */
  readonly publishTableTimeoutMs: number;
  /** What a publish may write beside the source's own files, in bytes. Default 100 GB. */
  readonly publishOutputBytes: number;
  /** What of the disk a publish leaves free, in bytes. Default 1 GB. */
  readonly publishKeepFreeBytes: number;
  /** Sources that are read at a time, and connectors that run at a time. Default 2. */
  readonly parallel: number;
  /** Of a connector's whole run: AGNES_EXTRACTOR_TIMEOUT_SEC. Default one hour. */
  readonly extractorTimeoutMs: number;
  /** What a connector's process may allocate, in MB: AGNES_CONNECTOR_MEMORY_MB. Default 8192. */
  readonly connectorMemoryMb: number;
  /** What a connector has between SIGTERM and SIGKILL. Default 10 s. */
  readonly graceMs: number;
}

export const DEFAULT_LIMITS: Limits = {
  publishMemoryMb: 1024,
  publishThreads: 2,
  publishTimeoutMs: 30 * 60_000,
  publishTableTimeoutMs: 5 * 60_000,
  publishOutputBytes: 100e9,
  publishKeepFreeBytes: 1e9,
  parallel: 2,
  extractorTimeoutMs: 3_600_000,
  connectorMemoryMb: 8192,
  graceMs: 10_000,
};
