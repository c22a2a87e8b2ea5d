import { hasErrorCode } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';

/** What a disk answers that fails, is read-only, or belongs to somebody else. */
const FAILING = ['EIO', 'EACCES', 'EPERM', 'EROFS', 'EXDEV', 'EMFILE', 'ENFILE', 'ESTALE', 'EFBIG'];

/** Runs file-system work; a full disk becomes `storage_full`, one that fails or refuses `storage_failed`. */
export async function withStorageErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (hasErrorCode(error, 'ENOSPC', 'EDQUOT')) {
      throw new AgnesError('storage_full', 'The disk that holds the blob store is full; nothing was stored.', {
        hint: 'Free some space or enlarge the disk, then try again.',
        cause: error,
      });
    }
    if (hasErrorCode(error, ...FAILING)) {
      const { code, syscall } = error as NodeJS.ErrnoException;
      throw new AgnesError('storage_failed', `The store of files does not work: ${code} (${syscall}).`, {
        hint: "Check the disk under the data folder, and that its files and the source's are the server's to read and write.",
        cause: error,
      });
    }
    throw error;
  }
}
