import { dirname, join, resolve } from 'node:path';
import { readTextIfThere, writeFileAtomically } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';
import * as v from 'valibot';
import type { Environment } from '../settings/folders.ts';

const workspaceFile = v.object({
  format: v.literal(1),
  server: v.pipe(v.string(), v.url()),
  created_at: v.string(),
  /** Null while `agnes init` has not come to its end. */
  initialized_at: v.nullable(v.string()),
  agnes_version: v.string(),
});

export type WorkspaceFile = v.InferOutput<typeof workspaceFile>;

/** A folder with the tables of one server, and where its parts are. */
export interface Workspace {
  readonly root: string;
  readonly file: WorkspaceFile;
}

const ofRoot =
  (...names: string[]) =>
  (root: string): string =>
    join(root, ...names);

/** Paths inside a workspace, by its root. */
export const workspacePaths = {
  agnes: ofRoot('.agnes'),
  file: ofRoot('.agnes', 'workspace.json'),
  state: ofRoot('.agnes', 'state.json'),
  lock: ofRoot('.agnes', 'lock.db'),
  database: ofRoot('user', 'duckdb', 'analytics.duckdb'),
} as const;

/** The workspace that holds `folder`: the folder itself or the nearest one above it. */
export async function findWorkspace(folder: string): Promise<Workspace | undefined> {
  for (let root = resolve(folder); ; root = dirname(root)) {
    const file = await readWorkspaceFile(root);
    if (file !== undefined) return { root, file };
    if (dirname(root) === root) return undefined;
  }
}

/** The folder in which a command looks for its workspace: AGNES_LOCAL_DIR, else the current one. */
export function workingFolder(env: Environment): string {
  return resolve(env.AGNES_LOCAL_DIR || process.cwd());
}

/** The workspace of this command. Throws `no_workspace`. */
export async function requireWorkspace(env: Environment): Promise<Workspace> {
  const folder = workingFolder(env);
  const workspace = await findWorkspace(folder);
  if (workspace !== undefined) return workspace;
  throw new AgnesError('no_workspace', `${folder} is not in an Agnes workspace.`, {
    hint: 'Go to your workspace, or make one here: agnes init --server-url https://<your-host>',
    details: { folder },
  });
}

/** Reads `.agnes/workspace.json` of a folder, undefined when there is none. Throws `no_workspace` when it is damaged. */
export async function readWorkspaceFile(root: string): Promise<WorkspaceFile | undefined> {
  const path = workspacePaths.file(root);
  const text = await readTextIfThere(path);
  if (text === undefined) return undefined;
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), workspaceFile), text);
  if (parsed.success) return parsed.output;
  throw new AgnesError('no_workspace', `${path} cannot be read as the description of a workspace.`, {
    hint: `Write it again with: agnes init --force --workspace ${root} --server-url https://<your-host>`,
  });
}

export async function writeWorkspaceFile(root: string, file: WorkspaceFile): Promise<void> {
  await writeFileAtomically(workspacePaths.file(root), `${JSON.stringify(file, undefined, 2)}\n`, {
    folderMode: 0o700,
  });
}
