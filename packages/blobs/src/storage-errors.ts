import { hasErrorCode } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';

/** Runs file-system work; a full disk becomes `storage_full`. */
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
    throw error;
  }
}
