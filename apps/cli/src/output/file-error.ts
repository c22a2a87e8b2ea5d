import { AgnesError } from '@agnes/errors';

const FULL = new Set(['ENOSPC', 'EDQUOT']);
const REFUSED = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR']);

/** The user's view of a file system error: a full disk, a place that cannot be written; undefined for anything else. */
export function fileError(error: unknown): AgnesError | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  const path = 'path' in error && typeof error.path === 'string' ? error.path : 'a file';
  if (FULL.has(error.code)) {
    return new AgnesError('storage_full', `There is no space left to write ${path}.`, {
      hint: 'Free some space and run the command again; it goes on where it stopped.',
      cause: error,
    });
  }
  if (REFUSED.has(error.code)) {
    return new AgnesError('path_not_writable', `${path} cannot be used: ${error.message}`, {
      hint: 'Give yourself access to it, or choose other folders with AGNES_CONFIG_DIR (settings), XDG_CACHE_HOME (downloaded parts) and AGNES_LOCAL_DIR (workspace).',
      details: { path },
      cause: error,
    });
  }
  return undefined;
}
