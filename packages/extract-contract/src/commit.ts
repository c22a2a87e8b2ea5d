import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Connection, type Database, openDatabase, quoteIdentifier, quoteLiteralList } from '@agnes/duckdb';
import { AgnesError, messageOf } from '@agnes/errors';
import { withCommitLock } from './commit-lock.ts';
import type { Part } from './parts.ts';
import { copyIfThere, replaceDatabase } from './replace-database.ts';
import { EXTRACT_FILE, META_DDL, PARTS_DDL, type QueryMode } from './tables.ts';

/** What a commit does to one table. */
export type TableChange =
  | {
      readonly kind: 'put';
      readonly name: string;
      readonly description: string | null;
      readonly queryMode: QueryMode;
      readonly extractedAt: Date;
      readonly parts: readonly Part[];
    }
  | { readonly kind: 'drop'; readonly name: string };

/**
 * Applies changes to a copy of the folder's extract.duckdb and renames it over the original: tables that are not mentioned
 * come along as they are, whoever wrote them. Throws `extract_unreadable` when the original cannot be opened.
 */
export async function commitExtract(folder: string, changes: readonly TableChange[]): Promise<void> {
  const target = join(folder, EXTRACT_FILE);
  const temporary = `${target}.${randomBytes(6).toString('hex')}.tmp`;
  await withCommitLock(folder, async () => {
    try {
      if (await copyIfThere(target, temporary)) await copyIfThere(`${target}.wal`, `${temporary}.wal`);
      await applyChanges(temporary, changes);
      await replaceDatabase(temporary, target);
    } finally {
      await rm(temporary, { force: true });
      await rm(`${temporary}.wal`, { force: true });
    }
  });
}

async function applyChanges(path: string, changes: readonly TableChange[]): Promise<void> {
  let database: Database;
  try {
    database = await openDatabase(path);
  } catch (error) {
    // Taking an unreadable extract for an empty one would lose every table that this run does not write.
    throw new AgnesError('extract_unreadable', `The present extract cannot be opened: ${messageOf(error)}`, {
      hint: 'Restore extract.duckdb, or move it away and extract every table of the source again.',
      cause: error,
    });
  }
  try {
    const connection = await database.connect();
    await connection.run('BEGIN');
    await connection.run(META_DDL);
    await connection.run(PARTS_DDL);
    for (const change of changes) await applyChange(connection, change);
    await connection.run('COMMIT');
    await connection.run('CHECKPOINT');
  } finally {
    await database.close();
  }
}

async function applyChange(connection: Connection, change: TableChange): Promise<void> {
  const objects = await connection.rows<{ table_name: string; table_type: string }>(
    `SELECT table_name, table_type FROM information_schema.tables
     WHERE table_catalog = current_database() AND table_schema = 'main' AND lower(table_name) = lower($1)`,
    [change.name],
  );
  for (const object of objects) {
    await connection.run(
      `DROP ${object.table_type === 'VIEW' ? 'VIEW' : 'TABLE'} ${quoteIdentifier(object.table_name)}`,
    );
  }
  // There is no unique constraint in the contract: replace by delete and insert.
  await connection.run('DELETE FROM _meta WHERE lower(table_name) = lower($1)', [change.name]);
  await connection.run('DELETE FROM _parts WHERE lower(table_name) = lower($1)', [change.name]);
  if (change.kind === 'drop') return;

  const { name, parts } = change;
  const paths = quoteLiteralList(parts.map((part) => part.path));
  await connection.run(`CREATE VIEW ${quoteIdentifier(name)} AS SELECT * FROM read_parquet(${paths})`);
  await connection.run(
    `INSERT INTO _meta (table_name, description, rows, size_bytes, extracted_at, query_mode)
     VALUES ($1, $2, $3, $4, $5, $6)`,
    [name, change.description, sum(parts, 'rows'), sum(parts, 'size_bytes'), change.extractedAt, change.queryMode],
  );
  for (const part of parts) {
    await connection.run(
      'INSERT INTO _parts (table_name, path, rows, size_bytes, sha256, partition_key) VALUES ($1, $2, $3, $4, NULL, $5)',
      [name, part.path, part.rows, part.size_bytes, part.partition_key],
    );
  }
}

/** The sum of one figure over the parts. */
export function sum(parts: readonly Part[], figure: 'rows' | 'size_bytes'): number {
  return parts.reduce((total, part) => total + part[figure], 0);
}
