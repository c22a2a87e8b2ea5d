import { type State, type StateDatabase, schema } from '@agnes/state';
import { and, eq, inArray, sql } from 'drizzle-orm';
import type { KnownFile } from './publication.ts';

const { publishedFiles, tableRegistry, syncState, tableParts } = schema;

/** Files of a source that need not be read again while their fingerprint is the same, by path. */
export async function knownFiles(state: State, source: string): Promise<Map<string, Omit<KnownFile, 'path'>>> {
  const rows = await readFiles(state.db, source);
  return new Map(rows.map(({ path, ...file }) => [path, file]));
}

/**
 * Remembers a source's files, as far as they are parts of what it has published now. Their blobs are live, so nothing else
 * may stay in the memory.
 */
export async function rememberFiles(tx: StateDatabase, source: string, files: readonly KnownFile[]): Promise<void> {
  const before = new Map((await readFiles(tx, source)).map((file) => [file.path, file]));
  const parts = await tx
    .selectDistinct({ sha256: tableParts.sha256 })
    .from(tableParts)
    .innerJoin(syncState, eq(syncState.current_version, tableParts.version_id))
    .innerJoin(tableRegistry, eq(tableRegistry.id, syncState.table_id))
    .where(eq(tableRegistry.source, source));
  const inUse = new Set(parts.map(({ sha256 }) => sha256));

  const after = new Map([...before, ...files.map((file) => [file.path, file] as const)]);
  const gone = [...after.values()].filter((file) => !inUse.has(file.sha256) && before.has(file.path));
  const fresh = [...after.values()].filter((file) => inUse.has(file.sha256) && differs(before.get(file.path), file));
  for (let at = 0; at < gone.length; at += BATCH) {
    const paths = gone.slice(at, at + BATCH).map(({ path }) => path);
    await tx.delete(publishedFiles).where(and(eq(publishedFiles.source, source), inArray(publishedFiles.path, paths)));
  }
  for (let at = 0; at < fresh.length; at += BATCH) {
    await tx
      .insert(publishedFiles)
      .values(fresh.slice(at, at + BATCH).map((file) => ({ source, ...file })))
      .onConflictDoUpdate({ target: [publishedFiles.source, publishedFiles.path], set: AS_INSERTED });
  }
}

const AS_INSERTED = {
  fingerprint: sql`excluded.fingerprint`,
  sha256: sql`excluded.sha256`,
  size_bytes: sql`excluded.size_bytes`,
  rows: sql`excluded.rows`,
};

const BATCH = 500;

async function readFiles(db: StateDatabase, source: string): Promise<KnownFile[]> {
  const rows = await db.select().from(publishedFiles).where(eq(publishedFiles.source, source));
  return rows.map(({ source: _, ...file }) => file);
}

function differs(before: KnownFile | undefined, { fingerprint, sha256, rows }: KnownFile): boolean {
  return before?.fingerprint !== fingerprint || before.sha256 !== sha256 || before.rows !== rows;
}
