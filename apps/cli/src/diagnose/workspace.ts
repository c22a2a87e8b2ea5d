import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { sizeOf } from '@agnes/durable-files';
import { isAgnesError } from '@agnes/errors';
import { formatBytes, plural } from '../output/units.ts';
import { partPath } from '../pull/store.ts';
import { readState, type WorkspaceState } from '../workspace/state.ts';
import { type Workspace, workspacePaths } from '../workspace/workspace.ts';
import type { Check } from './check.ts';

/** What a pull has left in the workspace: its notes, its database, and every file that its tables are made of. */
export async function checkWorkspace({ root, file }: Workspace, verify: boolean): Promise<Check[]> {
  const { state, certain } = await readState(root);
  const database = workspacePaths.database(root);
  const hasDatabase = (await sizeOf(database)) !== undefined;
  if (file.initialized_at === null) {
    const action = `agnes init --server-url ${file.server} --workspace ${root}`;
    return [{ name: 'workspace', status: 'error', message: `${root} was never finished.`, action }];
  }
  if (state === undefined) {
    const there = (await sizeOf(workspacePaths.state(root))) !== undefined;
    const message = there ? `${workspacePaths.state(root)} cannot be read.` : `${root} has not been pulled yet.`;
    return [{ name: 'workspace', status: there ? 'error' : 'warning', message, action: 'agnes pull' }];
  }
  return [
    noted(root, state, certain),
    hasDatabase ? await opened(database) : missing(database),
    await parts(state, verify),
  ];
}

function noted(root: string, state: WorkspaceState, certain: boolean): Check {
  const details = { workspace: root, last_pull: state.pulled_at, tables: Object.keys(state.tables).length };
  const name = 'workspace';
  if (certain && state.etag !== null) {
    return {
      name,
      status: 'ok',
      message: `${root}: ${plural(details.tables, 'table')}, pulled ${state.pulled_at}.`,
      details,
    };
  }
  const message = certain ? 'The last pull did not bring every table.' : 'The last pull was interrupted.';
  return { name, status: 'warning', message, action: 'agnes pull', details };
}

function missing(path: string): Check {
  return { name: 'database', status: 'error', message: `${path} is not there.`, action: 'agnes pull' };
}

async function opened(path: string): Promise<Check> {
  const { runQuery } = await import('../query/run-query.ts');
  try {
    await using answer = await runQuery(path, 'SELECT 1 AS one', 1);
    for await (const _rows of answer.rows);
    return { name: 'database', status: 'ok', message: 'Opens.', details: { path } };
  } catch (error) {
    if (!isAgnesError(error)) throw error;
    const action = error.hint ?? `Move ${path} away, then: agnes pull`;
    return { name: 'database', status: 'error', message: error.message, action, details: { path } };
  }
}

async function parts(state: WorkspaceState, verify: boolean): Promise<Check> {
  const wanted = new Map(
    Object.values(state.tables).flatMap((table) => table.parts.map(({ sha256, bytes }) => [sha256, bytes] as const)),
  );
  const store = { root: state.store };
  const absent: string[] = [];
  const damaged: string[] = [];
  for (const [sha256, bytes] of wanted) {
    const path = partPath(store, sha256);
    if ((await sizeOf(path)) !== bytes) absent.push(path);
    else if (verify && (await hashOf(path)) !== sha256) damaged.push(path);
  }
  const name = 'files';
  const total = [...wanted.values()].reduce((sum, bytes) => sum + bytes, 0);
  const details = { store: state.store, files: wanted.size, bytes: total, verified: verify, missing: absent, damaged };
  if (damaged.length > 0) {
    const message = `${plural(damaged.length, 'file')} of ${wanted.size} changed since the pull: ${damaged.join(', ')}`;
    return { name, status: 'error', message, action: 'Delete the changed files, then: agnes pull', details };
  }
  if (absent.length > 0) {
    const message = `${plural(absent.length, 'file')} of ${wanted.size} are missing or cut short.`;
    return { name, status: 'error', message, action: 'agnes pull', details };
  }
  const how = verify ? 'with the right content' : 'with the right size; --verify reads them too';
  return { name, status: 'ok', message: `${plural(wanted.size, 'file')}, ${formatBytes(total)}, ${how}.`, details };
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
