import { hasErrorCode } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';

/** A disk that is full, fails or refuses, as an error that says so; undefined for anything else. Names no path. */
export function diskError(error: unknown): AgnesError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (hasErrorCode(error, 'ENOSPC', 'EDQUOT') || /no space left on device/i.test(error.message)) {
    return new AgnesError(
      'storage_full',
      'The disk under the data folder is full; readers keep the last good version.',
      {
        hint: 'Free some space or enlarge the disk, then sync again.',
        cause: error,
      },
    );
  }
  if (code === undefined || syscall === undefined) return undefined;
  return new AgnesError('storage_failed', `A file could not be read or written: ${code} (${syscall}).`, {
    hint: "Check the disk under the data folder, and that its files and the source's are the server's to read and write.",
    cause: error,
  });
}
