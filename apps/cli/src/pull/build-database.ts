import { constants } from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { attachReadOnly, type Connection, openDatabase, quoteIdentifier } from '@agnes/duckdb';
import { sizeOf, syncFile } from '@agnes/durable-files';
import { AgnesError, isAgnesError, messageOf } from '@agnes/errors';
import { noSpaceLeft } from '../output/file-error.ts';
import { openElsewhere } from '../workspace/open-elsewhere.ts';
import type { PulledTable } from '../workspace/state.ts';
import { VIEW_MARK, viewStatements } from './view-sql.ts';

/** A table and the files that its view reads, in order. */
export interface ViewPlan extends TableFiles {
  readonly name: string;
  /** The version to stay at when no view can be made over this one. */
  readonly before?: TableFiles | undefined;
}

export interface TableFiles {
  readonly table: PulledTable;
  readonly paths: readonly string[];
}

export interface Built {
  /** Tables whose view could not be made, and why. */
  readonly failed: ReadonlyMap<string, string>;
  /** Those of them that stay at the version before. */
  readonly stayed: ReadonlySet<string>;
  /** Tables whose name the user has given to a table or view of their own, which stays. */
  readonly shadowed: readonly string[];
}

/**
 * Builds `target`, a database with a view for each table and with everything that the user has made in `current`, which is
 * left alone. Throws `workspace_busy` when another program holds `current` open for writing, and
 * `local_database_unreadable` when it is no database.
 */
export async function buildDatabase(current: string, target: string, views: readonly ViewPlan[]): Promise<Built> {
  await mkdir(dirname(target), { recursive: true });
  await removeDatabase(target);
  if ((await sizeOf(current)) !== undefined) await copyDatabase(current, target);
  try {
    const built = await fill(target, views);
    await syncFile(target);
    return built;
  } catch (error) {
    throw explainTarget(error, target);
  }
}

/** Deletes a database file with what DuckDB keeps beside it. */
export async function removeDatabase(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(walOf(path), { force: true });
}

export function walOf(path: string): string {
  return `${path}.wal`;
}

async function copyDatabase(current: string, target: string): Promise<void> {
  try {
    if ((await sizeOf(walOf(current))) !== undefined) await foldIn(current);
    await using memory = await openDatabase(':memory:');
    const connection = await memory.connect();
    // Attached, so that nobody can write to it while it is copied.
    await attachReadOnly(connection, current, 'current');
    await copyFile(current, target, constants.COPYFILE_FICLONE);
    await connection.run('DETACH "current"');
  } catch (error) {
    throw explain(error, current);
  }
}

/** A program that died left changes in the log beside the file; opening it for writing brings them into the file. */
async function foldIn(path: string): Promise<void> {
  await using database = await openDatabase(path);
  const connection = await database.connect();
  await connection.run('CHECKPOINT');
}

function explain(error: unknown, path: string): unknown {
  if (isAgnesError(error) || !(error instanceof Error) || 'syscall' in error) return error;
  if (isFull(error)) return noSpaceLeft(path, error);
  const busy = openElsewhere(error, path, 'Close it there, or open it read-only, then run: agnes pull');
  if (busy !== undefined) return busy;
  return new AgnesError('local_database_unreadable', `${path} cannot be opened: ${messageOf(error).split('\n')[0]}`, {
    hint: 'Move the file away (tables of your own are in it), then run: agnes pull',
    cause: error,
  });
}

/** What DuckDB says when it cannot write the new database. */
function explainTarget(error: unknown, path: string): unknown {
  if (isAgnesError(error) || !(error instanceof Error) || 'syscall' in error) return error;
  if (isFull(error)) return noSpaceLeft(path, error);
  if (!isInputOutput(error)) return error;
  return new AgnesError('path_not_writable', `${path} cannot be written: ${messageOf(error).split('\n')[0]}`, {
    hint: 'Check that its folder is yours and its disk sound: agnes diagnose',
    details: { path },
    cause: error,
  });
}

function isFull(error: unknown): boolean {
  return /no space left|not enough space|disk quota|file too large/i.test(messageOf(error));
}

function isInputOutput(error: unknown): boolean {
  return /^(IO|FATAL|INTERNAL|TransactionContext) Error/.test(messageOf(error));
}

async function fill(target: string, views: readonly ViewPlan[]): Promise<Built> {
  await using database = await openDatabase(target);
  const connection = await database.connect();
  await dropOurViews(connection);
  const taken = new Set((await namesIn(connection)).map((name) => name.toLowerCase()));
  const failed = new Map<string, string>();
  const stayed = new Set<string>();
  const shadowed: string[] = [];
  for (const { name, before, ...files } of views) {
    if (taken.has(name.toLowerCase())) {
      shadowed.push(name);
      continue;
    }
    const error = await tryView(connection, name, files);
    if (error === undefined) continue;
    failed.set(name, messageOf(error).split('\n')[0] ?? '');
    if (before !== undefined && (await tryView(connection, name, before)) === undefined) stayed.add(name);
  }
  await connection.run('CHECKPOINT');
  return { failed, stayed, shadowed };
}

/** Makes a view; returns why it cannot be made. Throws what has nothing to do with this one. */
async function tryView(connection: Connection, name: string, { table, paths }: TableFiles): Promise<unknown> {
  await connection.run('BEGIN');
  try {
    for (const statement of viewStatements(name, table, paths)) await connection.run(statement);
  } catch (error) {
    await connection.run('ROLLBACK');
    if (isFull(error)) throw error;
    return error;
  }
  await connection.run('COMMIT');
  return undefined;
}

async function dropOurViews(connection: Connection): Promise<void> {
  const ours = await connection.rows<{ view_name: string }>(
    "SELECT view_name FROM duckdb_views() WHERE NOT internal AND schema_name = 'main' AND starts_with(comment, $1)",
    [VIEW_MARK],
  );
  for (const { view_name } of ours) await connection.run(`DROP VIEW ${quoteIdentifier(view_name)}`);
}

async function namesIn(connection: Connection): Promise<string[]> {
  const rows = await connection.rows<{ name: string }>(
    `SELECT table_name AS name FROM duckdb_tables() WHERE NOT internal AND schema_name = 'main'
     UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal AND schema_name = 'main'`,
  );
  return rows.map(({ name }) => name);
}
