import type { Connection } from '@agnes/duckdb';
import type { ConnectorWarning } from '@agnes/extract-contract';
import type { Format, TableOptions } from './config.ts';
import type { SourceFile } from './find-files.ts';

/** What a format reader is given. */
export interface ReadInput {
  readonly connection: Connection;
  readonly files: readonly SourceFile[];
  readonly format: Format;
  readonly options: TableOptions;
  /** Types that the table's registration asks for, by column. */
  readonly columnTypes: Readonly<Record<string, string>>;
  /** A folder for intermediate files, removed after the table. */
  readonly scratch: string;
  /** CSV: with one thread for each file, which is slower and reads line ends in quotes wherever they stand. */
  readonly sequential?: boolean;
}

/** How to read files without losing a value: a SELECT, or parquet files that can be copied as they are. */
export interface ReadPlan {
  readonly select?: string;
  readonly copy?: readonly string[];
  readonly warnings: readonly ConnectorWarning[];
  /** What to read by when `select` ends in an error that `isRefuted` knows. */
  readonly otherwise?: () => Promise<ReadPlan>;
  /** After any other error: what was wrong with the files, when there is more to say than DuckDB does. */
  readonly explain?: () => Promise<Error | undefined>;
}
