import type { Json } from '@agnes/duckdb';

/** How a connector is started: the server lists one for each source that has one. */
export interface ConnectorProcess {
  /** As in the registry, for example `postgres`. */
  readonly sourceType: string;
  /** Folder under `extracts/`. */
  readonly source: string;
  /** Absolute path or file URL of the module that Node runs. */
  readonly entry: string;
  /** Names of the environment variables that it declared. It gets these and no others. */
  readonly environment: readonly string[];
  /** Its configuration, read when a run starts. Never a secret: those come by the environment. */
  readonly config: () => Json | Promise<Json>;
  /** Seconds without a message after which it counts as hung; default: no limit but the whole run's. */
  readonly silenceSeconds?: number;
}
