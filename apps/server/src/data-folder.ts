import { constants } from 'node:fs';
import { access, chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '@agnes/config';
import { AgnesError, messageOf } from '@agnes/errors';
import type { StateLocation } from '@agnes/state';

export const SNAPSHOTS_FOLDER = 'snapshots';

/** Where the server keeps what under DATA_DIR. */
export interface DataFolder {
  readonly state: string;
  readonly blobs: string;
  /** Temporary files of the query gateway. */
  readonly query: string;
}

/** The state database. */
export function stateFile(config: Pick<Config, 'stateDir'>): string {
  return join(config.stateDir, 'system.duckdb');
}

/** Where the state is: the Postgres that the configuration names, else the file. The folder's lock is there either way. */
export function stateLocation(config: Pick<Config, 'stateDir' | 'stateUrl'>): StateLocation {
  const path = stateFile(config);
  return config.stateUrl === undefined ? { path } : { path, url: config.stateUrl.reveal() };
}

/** Makes the folders that are missing. Throws `invalid_config`, which names the folder, when that cannot be done. */
export async function prepareDataFolder(
  config: Pick<Config, 'dataDir' | 'stateDir' | 'filesRoots'>,
): Promise<DataFolder> {
  const folder = {
    state: config.stateDir,
    blobs: join(config.dataDir, 'blobs'),
    query: join(config.dataDir, 'tmp', 'query'),
  };
  await makeWritable(config.dataDir);
  await makeWritable(folder.state, 0o700);
  for (const path of [folder.blobs, ...['extracts', 'analytics', 'tmp'].map((name) => join(config.dataDir, name))]) {
    await makeWritable(path);
  }
  // The default root belongs to the installation; roots that an operator named are the operator's to make.
  const ownRoot = join(config.dataDir, 'files');
  if (config.filesRoots.includes(ownRoot)) await makeWritable(ownRoot);
  return folder;
}

async function makeWritable(path: string, mode?: number): Promise<void> {
  try {
    await mkdir(path, mode === undefined ? { recursive: true } : { recursive: true, mode });
    await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
    // It holds password hashes, and may have been made by something with other habits.
    if (mode !== undefined && process.platform !== 'win32') await chmod(path, mode);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === undefined) throw cause;
    throw new AgnesError('invalid_config', `The folder ${path} cannot be used: ${reasonOf(code, cause)}.`, {
      hint: 'Give the account that runs the server the right to write there, or set DATA_DIR to another folder.',
      cause,
    });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'this account may not write there',
  EPERM: 'this account may not write there',
  EROFS: 'the file system is read-only',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'part of the path is a file',
  EEXIST: 'it is a file',
};

function reasonOf(code: string, cause: unknown): string {
  return REASONS[code] ?? messageOf(cause);
}
