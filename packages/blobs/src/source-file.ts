import { constants } from 'node:fs';
import { chmod, copyFile, type FileHandle, lstat, open } from 'node:fs/promises';
import { hasErrorCode } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';

/** Opens a regular file for reading. A symbolic link, folder, pipe or device is refused. */
export async function openRegularFile(path: string): Promise<FileHandle> {
  try {
    // Windows has no O_NOFOLLOW; a pipe would block an open without O_NONBLOCK.
    if (constants.O_NOFOLLOW === undefined && (await lstat(path)).isSymbolicLink()) {
      throw notRegular(path);
    }
    const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
    if (!(await file.stat()).isFile()) {
      await file.close();
      throw notRegular(path);
    }
    return file;
  } catch (error) {
    if (hasErrorCode(error, 'ELOOP', 'EISDIR', 'ENXIO')) {
      throw notRegular(path, error);
    }
    if (hasErrorCode(error, 'ENOENT', 'ENOTDIR')) {
      throw new AgnesError('source_file_not_found', `There is no file at ${path}.`, { cause: error });
    }
    throw error;
  }
}

function notRegular(path: string, cause?: unknown): AgnesError {
  return new AgnesError('source_file_invalid', `${path} is not a regular file (a link, folder or device?).`, {
    hint: 'Hand over the file itself.',
    cause,
  });
}

/** Copies the file behind an open handle, not whatever its path names by now. */
export async function copyOpenFile(source: FileHandle, target: string): Promise<void> {
  if (process.platform === 'linux') {
    try {
      await copyFile(`/proc/self/fd/${source.fd}`, target, constants.COPYFILE_FICLONE);
      // The copy took the source's mode, which need not let us read.
      await chmod(target, 0o600);
      return;
    } catch (error) {
      if (!hasErrorCode(error, 'ENOENT')) {
        throw error;
      }
      // Without /proc the bytes are copied one by one.
    }
  }
  const copy = await open(target, 'w', 0o600);
  try {
    await copy.writeFile(source.createReadStream({ start: 0, autoClose: false, highWaterMark: 1024 * 1024 }));
  } finally {
    await copy.close();
  }
}
