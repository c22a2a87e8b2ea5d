import { type FileLock, type LockOptions, takeFileLock } from '@agnes/durable-files';
import { AgnesError, messageOf } from '@agnes/errors';
import { fileError, noSpaceLeft } from '../output/file-error.ts';

/** `takeFileLock`, for which a lock that cannot be opened at all is the user's to mend. Throws `path_not_writable` or `storage_full`. */
export async function takeOsLock(path: string, options: LockOptions = {}): Promise<FileLock | undefined> {
  try {
    return await takeFileLock(path, options);
  } catch (cause) {
    if (/disk is full/i.test(messageOf(cause))) {
      throw noSpaceLeft(path, cause);
    }
    const file = fileError(cause);
    if (file !== undefined) throw file;
    throw new AgnesError('path_not_writable', `The lock ${path} cannot be taken: ${messageOf(cause)}.`, {
      hint: 'Give yourself write access to that folder.',
      cause,
    });
  }
}
