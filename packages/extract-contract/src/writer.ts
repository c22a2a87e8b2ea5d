import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { type Connection, copyToParquetParts, type Database, openDatabase } from '@agnes/duckdb';
import { syncFile, syncFolder } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';
import { commitExtract, sum, type TableChange } from './commit.ts';
import { assertTableName } from './identifiers.ts';
import { assertSameColumns, describePart, type Part } from './parts.ts';
import { readExtract } from './reader.ts';
import { copyIfThere } from './replace-database.ts';
import { sweep } from './sweep.ts';
import { DATA_FOLDER, type PartRow, type QueryMode } from './tables.ts';

export interface ExtractWriterOptions {
  /** What the writer's own DuckDB may take before it spills, in MB. Default half of the available memory, at most 4096. */
  readonly memoryMb?: number;
  /** Further settings of that DuckDB. */
  readonly settings?: Readonly<Record<string, string>>;
  /** A part ends after the row group that reaches this size. Default 128 MB. */
  readonly partBytes?: number;
  /** How long files that nothing names any more stay for those who still read them, in ms. Default one hour. */
  readonly gracePeriodMs?: number;
}

/** A table to write. Its rows are those of `keep`, then of `files`, then of `select`; all have the same columns. */
export interface TableToWrite {
  readonly name: string;
  readonly description?: string;
  /** Default `local`. */
  readonly queryMode?: QueryMode;
  /** Earlier parts of the table, from {@link ExtractWriter.parts}, that stay as they are. */
  readonly keep?: readonly PartRow[];
  /** Parquet files from anywhere. They are copied byte by byte. */
  readonly files?: readonly string[];
  /** A SELECT, without a trailing semicolon, for the writer's connection. The order of its rows is kept. */
  readonly select?: string;
  /** Noted in `_parts` for the new parts. */
  readonly partitionKey?: string;
}

export interface TableWritten {
  readonly rows: number;
  readonly size_bytes: number;
  readonly parts: number;
}

/**
 * Writes an extract so that every reader, and every crash, finds each table as it was before the commit or as it is after.
 * Tables that are not mentioned stay as they are.
 */
export class ExtractWriter implements AsyncDisposable {
  /** The writer's own in-memory DuckDB, for the SQL that prepares a table. */
  readonly connection: Connection;
  readonly #database: Database;
  readonly #folder: string;
  readonly #runId: string;
  readonly #options: ExtractWriterOptions;
  readonly #changes = new Map<string, TableChange>();
  readonly #uncommitted = new Map<string, string[]>();
  #writes = 0;

  /** Use {@link openExtractWriter}. */
  constructor(
    folder: string,
    runId: string,
    database: Database,
    connection: Connection,
    options: ExtractWriterOptions,
  ) {
    this.#folder = folder;
    this.#runId = runId;
    this.#database = database;
    this.connection = connection;
    this.#options = options;
  }

  /**
   * Writes a table's new parts under new names. It is visible after the commit; until then the table is what it was.
   * Throws `invalid_identifier`, `publish_refused` (a column that parquet cannot hold) or `extract_invalid` (columns differ).
   */
  async writeTable(table: TableToWrite): Promise<TableWritten> {
    assertTableName(table.name);
    await this.failTable(table.name);
    try {
      const parts = await this.#makeParts(table);
      this.#changes.set(table.name.toLowerCase(), {
        kind: 'put',
        name: table.name,
        description: table.description ?? null,
        queryMode: table.queryMode ?? 'local',
        extractedAt: new Date(),
        parts,
      });
      return totals(parts);
    } catch (error) {
      await this.failTable(table.name);
      throw error;
    }
  }

  /** The parts that the table has now, before the commit; none when it is new or was written by something else. */
  async parts(name: string): Promise<readonly PartRow[]> {
    const { tables } = await readExtract(this.#folder, { missing: 'empty' });
    return tables.find((table) => table.table_name.toLowerCase() === name.toLowerCase())?.parts ?? [];
  }

  /** Forgets what was written for the table since the last commit: it keeps what it had before. */
  async failTable(name: string): Promise<void> {
    const key = name.toLowerCase();
    this.#changes.delete(key);
    for (const path of this.#uncommitted.get(key) ?? []) await rm(path, { force: true });
    this.#uncommitted.delete(key);
  }

  /** Removes the table at the commit. */
  async dropTable(name: string): Promise<void> {
    await this.failTable(name);
    this.#changes.set(name.toLowerCase(), { kind: 'drop', name });
  }

  /** What the next commit does to the table: undefined when nothing. A table that it drops has no parts. */
  pending(name: string): TableWritten | undefined {
    const change = this.#changes.get(name.toLowerCase());
    if (change === undefined) return undefined;
    return totals(change.kind === 'put' ? change.parts : []);
  }

  /**
   * Makes everything since the last commit visible at once, then removes old files that nothing names any more. Throws
   * `extract_unreadable` when the present extract.duckdb cannot be opened: its tables must not get lost.
   */
  async commit(): Promise<void> {
    if (this.#changes.size === 0) return;
    await commitExtract(this.#folder, [...this.#changes.values()]);
    this.#changes.clear();
    this.#uncommitted.clear();
    await sweep(this.#folder, temporaryName(this.#runId), this.#options.gracePeriodMs ?? 3_600_000);
  }

  /** Closes the writer. What was not committed is removed. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const key of [...this.#uncommitted.keys()]) await this.failTable(key);
    await this.#database.close();
    await rm(temporaryFolder(this.#folder, this.#runId), { recursive: true, force: true });
  }

  async #makeParts(table: TableToWrite): Promise<Part[]> {
    const folder = join(this.#folder, DATA_FOLDER, table.name);
    await mkdir(folder, { recursive: true });
    const parts: Part[] = [];
    for (const part of table.keep ?? []) {
      this.#assertOwn(part.path);
      parts.push(await describePart(this.connection, part.path, part.partition_key));
    }
    const fresh = [...(await this.#copyFiles(table, folder)), ...(await this.#copySelect(table, folder))];
    for (const part of fresh) await syncFile(part.path);
    if (fresh.length > 0) await syncFolder(folder);
    parts.push(...fresh);
    if (parts.length === 0) throw new Error(`Table ${table.name} has no keep, no files and no select.`);
    await assertSameColumns(
      this.connection,
      table.name,
      parts.map((part) => part.path),
    );
    return parts;
  }

  async #copyFiles(table: TableToWrite, folder: string): Promise<Part[]> {
    const parts: Part[] = [];
    if (table.files === undefined || table.files.length === 0) return parts;
    const prefix = this.#nextPrefix();
    for (const [index, file] of table.files.entries()) {
      const path = join(folder, `${prefix}-${index}.parquet`);
      this.#remember(table.name, [path]);
      if (!(await copyIfThere(file, path))) {
        throw new AgnesError('source_file_not_found', `${file} is not there any more.`, { hint: 'Run it again.' });
      }
      parts.push(await describePart(this.connection, path, table.partitionKey ?? null));
    }
    return parts;
  }

  async #copySelect(table: TableToWrite, folder: string): Promise<Part[]> {
    if (table.select === undefined) return [];
    const { partBytes } = this.#options;
    const parts = await copyToParquetParts(this.connection, table.select, folder, {
      prefix: this.#nextPrefix(),
      ...(partBytes === undefined ? {} : { partBytes }),
    });
    this.#remember(
      table.name,
      parts.map((part) => part.path),
    );
    return parts.map((part) => ({ ...part, partition_key: table.partitionKey ?? null }));
  }

  #remember(name: string, paths: readonly string[]): void {
    const key = name.toLowerCase();
    this.#uncommitted.set(key, [...(this.#uncommitted.get(key) ?? []), ...paths]);
  }

  #nextPrefix(): string {
    this.#writes += 1;
    return `${this.#runId}-${this.#writes}`;
  }

  #assertOwn(path: string): void {
    if (path.startsWith(join(this.#folder, DATA_FOLDER) + sep)) return;
    throw new AgnesError('extract_invalid', `${path} is not in the data folder of ${this.#folder}.`, {
      hint: 'Give it as one of `files`, so that it is copied.',
    });
  }
}

/** Opens a writer on a source's folder (`extracts/<source>`), which is made when it is not there. Dispose of it at the end. */
export async function openExtractWriter(sourceDir: string, options: ExtractWriterOptions = {}): Promise<ExtractWriter> {
  const folder = resolve(sourceDir);
  const runId = `w${Date.now().toString(36)}${randomBytes(5).toString('hex')}`;
  await mkdir(join(folder, DATA_FOLDER), { recursive: true });
  const settings = {
    memory_limit: `${options.memoryMb ?? halfOfMemory()}MB`,
    temp_directory: temporaryFolder(folder, runId),
    ...options.settings,
  };
  const database = await openDatabase(':memory:', { settings });
  return new ExtractWriter(folder, runId, database, await database.connect(), options);
}

function totals(parts: readonly Part[]): TableWritten {
  return { rows: sum(parts, 'rows'), size_bytes: sum(parts, 'size_bytes'), parts: parts.length };
}

function temporaryFolder(folder: string, runId: string): string {
  return join(folder, temporaryName(runId));
}

function temporaryName(runId: string): string {
  return `.tmp-${runId}`;
}

function halfOfMemory(): number {
  return Math.max(256, Math.min(4096, Math.floor(process.availableMemory() / 2 / 1024 / 1024)));
}
