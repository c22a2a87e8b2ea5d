import type { ErrorCode } from '@agnes/errors';

/** Something that went wrong with an item (a table, or a source), in words a person can act on. */
export interface Failure {
  readonly item: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
}

/** Something in the data that a person should look at. Its code is the connector's own word, not an error's. */
export interface Warning extends Omit<Failure, 'code'> {
  readonly code: string;
}

/** What one look at a source did. */
export interface SourceReport {
  readonly source: string;
  /** Names that the source publishes now, sorted. */
  readonly published: readonly string[];
  readonly changed: readonly string[];
  readonly failed: readonly Failure[];
  readonly warnings: readonly Warning[];
  readonly skipped: readonly { readonly item: string; readonly reason: string }[];
  /** Tables that an administrator registered and the extract does not hold: readers keep their version. */
  readonly kept: readonly string[];
  readonly withdrawn: readonly string[];
}

/** What a caller of the orchestrator may listen to. */
export interface WorkContext {
  readonly signal?: AbortSignal | undefined;
  readonly jobId?: string | undefined;
  /** Reads sources too whose files have not changed since they were read last. */
  readonly force?: boolean | undefined;
  log?(level: 'info' | 'warning' | 'error', message: string): void;
  progress?(progress: {
    readonly message: string;
    readonly done?: number;
    readonly total?: number;
    readonly unit?: string;
  }): void;
}
