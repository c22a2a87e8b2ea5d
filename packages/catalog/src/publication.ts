import type { ErrorCode } from '@agnes/errors';
import type { ColumnEntry, PublishWarning } from '@agnes/state';
import type { QueryMode } from './table.ts';

/** A parquet file in the blob store, as a part of a table. */
export interface Part {
  readonly sha256: string;
  readonly size_bytes: number;
  readonly rows: number;
  readonly partition?: string | null | undefined;
  /** Which program wrote the bytes, e.g. `duckdb/1.5.6`, or `source` for a file of the source itself. */
  readonly writer: string;
}

/** A table as its source has it now. Its parts are in the blob store already. */
export interface PublishedTable {
  readonly name: string;
  readonly description?: string | null | undefined;
  readonly query_mode: QueryMode;
  /** When the source was read for it. */
  readonly extracted_at?: Date | null | undefined;
  readonly columns: readonly ColumnEntry[];
  /** In the order of the table's rows. */
  readonly parts: readonly Part[];
  readonly rows: number;
  readonly size_bytes: number;
  readonly warnings: readonly PublishWarning[];
  readonly durationMs?: number | undefined;
}

/** A file of the source and the blob it became. */
export interface KnownFile {
  readonly path: string;
  readonly fingerprint: string;
  readonly sha256: string;
  readonly size_bytes: number;
  readonly rows: number;
}

/** Everything that one look at a source found, made visible in one transaction. */
export interface Publication {
  /** The folder under `extracts/`. */
  readonly source: string;
  readonly jobId?: string | undefined;
  readonly tables: readonly PublishedTable[];
  /** Tables that keep their last good version. A name may stand in `tables` too: published, but the last run failed. */
  readonly failed: readonly { readonly name: string; readonly code: ErrorCode; readonly message: string }[];
  /**
   * Whether `tables` and `failed` name all that the source publishes now. Names that it brought itself and that are not among
   * them are then free for other sources, and their current version is withdrawn. A table that an administrator registered
   * keeps its last good version until they take it out.
   */
  readonly complete: boolean;
  readonly files: readonly KnownFile[];
}

export interface RefusedTable {
  readonly name: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
}

export interface PublishResult {
  /** Tables with a new version. `parts` counts them. */
  readonly changed: readonly {
    readonly id: string;
    readonly name: string;
    readonly version: string;
    readonly rows: number;
    readonly parts: number;
  }[];
  /** Names whose version is still the same. */
  readonly unchanged: readonly string[];
  readonly refused: readonly RefusedTable[];
  /** Tables that an administrator registered and that the source does not publish now: readers keep their version. */
  readonly kept: readonly string[];
  /** Names that the source brought, published before and does not any more. */
  readonly withdrawn: readonly string[];
  /** Names that were registered by this publication. */
  readonly registered: readonly string[];
}
