import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Connection, type Database, openDatabase, quoteIdentifier, quoteLiteralList } from '@agnes/duckdb';
import { hasErrorCode } from '@agnes/durable-files';
import { messageOf } from '@agnes/errors';
import type { ViewsAnswer, ViewsRequest } from './protocol.ts';

/** Which version each view shows, so that what did not change is left alone. */
const INDEX = '_agnes_views';

/**
 * Brings `server.duckdb` up to date: changed in a copy, which then takes its place by one rename, so that readers keep the
 * file that they opened. The file holds nothing but views over blobs; one that cannot be read is made anew.
 */
export async function buildViews(request: ViewsRequest): Promise<ViewsAnswer> {
  const { file } = request;
  const temporary = `${file}.tmp`;
  await mkdir(dirname(file), { recursive: true });
  let copied = await startFrom(file, temporary);
  const settings = { memory_limit: request.memory, threads: '1' };
  let database: Database;
  try {
    database = await openDatabase(temporary, { settings });
    if (!copied) await createIndex(database);
  } catch (error) {
    if (!copied) throw error;
    copied = false;
    await removeWithLog(temporary);
    database = await openDatabase(temporary, { settings });
    await createIndex(database);
  }
  try {
    await using connection = await database.connect();
    const { changed, failed } = await change(connection, request);
    const count = await connection.first<{ n: number }>(`SELECT count(*) AS n FROM ${INDEX}`);
    if (copied && changed === 0) return { views: count?.n ?? 0, changed, failed, incomplete: false };
    await connection.run('CHECKPOINT');
    await database.close();
    await rm(`${file}.wal`, { force: true });
    await rename(temporary, file);
    return { views: count?.n ?? 0, changed, failed, incomplete: !copied && request.source !== null };
  } finally {
    await database.close();
    await removeWithLog(temporary);
  }
}

async function startFrom(file: string, temporary: string): Promise<boolean> {
  await removeWithLog(temporary);
  try {
    await copyFile(file, temporary);
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return false;
    throw error;
  }
}

async function createIndex(database: Database): Promise<void> {
  await using connection = await database.connect();
  await connection.run(`CREATE TABLE ${INDEX} (name VARCHAR, source VARCHAR, version VARCHAR)`);
}

async function change(connection: Connection, request: ViewsRequest): Promise<{ changed: number; failed: string[] }> {
  const present = await connection.rows<{ name: string; source: string; version: string }>(`FROM ${INDEX}`);
  const wanted = new Map(request.views.map((view) => [view.name.toLowerCase(), view]));
  let changed = 0;
  await connection.run('BEGIN');
  for (const { name, source, version } of present) {
    const view = wanted.get(name.toLowerCase());
    if (view?.version === version && view.source === source && view.name === name) wanted.delete(name.toLowerCase());
    else if (view !== undefined || request.source === null || request.source === source) {
      await connection.run(`DROP VIEW IF EXISTS ${quoteIdentifier(name)}`);
      await connection.run(`DELETE FROM ${INDEX} WHERE name = $1`, [name]);
      changed += 1;
    }
  }
  const failed: string[] = [];
  for (const view of wanted.values()) {
    try {
      await connection.run(
        `CREATE VIEW ${quoteIdentifier(view.name)} AS SELECT * FROM
         read_parquet(${quoteLiteralList(view.paths)}, union_by_name = true, hive_partitioning = false)`,
      );
    } catch (error) {
      // One file that cannot be read must not cost the other views.
      failed.push(`${view.name}: ${messageOf(error).split('\n')[0]}`);
      continue;
    }
    await connection.run(`INSERT INTO ${INDEX} VALUES ($1, $2, $3)`, [view.name, view.source, view.version]);
    changed += 1;
  }
  await connection.run('COMMIT');
  return { changed, failed };
}

async function removeWithLog(file: string): Promise<void> {
  await rm(file, { force: true });
  await rm(`${file}.wal`, { force: true });
}
