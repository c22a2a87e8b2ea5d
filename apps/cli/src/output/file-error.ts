import { AgnesError } from '@agnes/errors';

const FULL = new Set(['ENOSPC', 'EDQUOT']);
const REFUSED = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EISDIR']);
/** What else a file system may answer, and what helps. */
const FAILING: Readonly<Record<string, string>> = {
  EIO: 'The disk, or the network drive, reports a failure: check it, then run the command again.',
  EXDEV: 'The store or the workspace lies on two file systems: do not mount anything inside of them.',
  EBUSY: 'Another program uses it: close it there, then run the command again.',
  ETXTBSY: 'Another program uses it: close it there, then run the command again.',
  EMFILE: 'Too many files are open: raise the limit (ulimit -n), or pull with fewer at a time: agnes pull --parallel 1',
  ENFILE: 'Too many files are open on this computer: close some programs, then run the command again.',
  EFBIG:
    'The file system, or your quota (ulimit -f), takes no file as large: put the store onto another disk with XDG_CACHE_HOME.',
  ENAMETOOLONG: 'Choose a folder with a shorter path.',
  ELOOP: 'A symbolic link there leads to itself: correct it.',
  ESTALE: 'The network drive has lost the file: mount it again, then run the command again.',
};

/** What the user is told when `path` cannot be written because the disk is full. */
export function noSpaceLeft(path: string, cause: unknown): AgnesError {
  return new AgnesError('storage_full', `There is no space left to write ${path}.`, {
    hint: 'Free some space and run the command again; it goes on where it stopped.',
    cause,
  });
}

/** The user's view of a file system error: a full disk, a place that cannot be used, a failing disk; undefined for anything else. */
export function fileError(error: unknown): AgnesError | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  const path = 'path' in error && typeof error.path === 'string' ? error.path : 'a file';
  if (FULL.has(error.code)) {
    return noSpaceLeft(path, error);
  }
  if (REFUSED.has(error.code)) {
    return new AgnesError('path_not_writable', `${path} cannot be used: ${error.message}`, {
      hint: 'Give yourself access to it, or choose other folders with AGNES_CONFIG_DIR (settings), XDG_CACHE_HOME (downloaded parts) and AGNES_LOCAL_DIR (workspace).',
      details: { path },
      cause: error,
    });
  }
  const hint = FAILING[error.code];
  if (hint === undefined) return undefined;
  return new AgnesError('path_not_writable', `${path} cannot be used: ${error.message}`, {
    hint,
    details: { path },
    cause: error,
  });
}
