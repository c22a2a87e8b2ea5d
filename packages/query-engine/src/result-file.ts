import { randomUUID } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sizeOf } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';
import type { FileFormat } from './protocol.ts';

const LOOK_MS = 50;

/** A name for a result that nobody has used. */
export function newResultPath(folder: string, format: FileFormat | 'json'): string {
  return join(folder, `${randomUUID()}.${format}`);
}

/**
 * Looks at a file while `write` writes it, and calls `onTooLarge` once when it grows beyond `bytes`. Resolves with its size
 * in the end; throws `result_too_large` when it was too large after all.
 */
export async function watchedSize(
  path: string,
  bytes: number,
  write: () => Promise<unknown>,
  onTooLarge: (error: AgnesError) => void,
): Promise<number> {
  let over = false;
  const timer = setInterval(() => {
    void sizeOf(path).then(
      (size) => {
        if (size === undefined || size <= bytes || over) return;
        over = true;
        onTooLarge(tooLarge(bytes));
      },
      () => {
        // The size is looked at again in the end.
      },
    );
  }, LOOK_MS);
  try {
    await write();
  } finally {
    clearInterval(timer);
  }
  const { size } = await stat(path);
  if (size > bytes) throw tooLarge(bytes);
  return size;
}

function tooLarge(bytes: number): AgnesError {
  return new AgnesError('result_too_large', `The result is larger than ${bytes} bytes, which is all that one may be.`, {
    hint: 'Ask for fewer rows or columns, or for parquet, which is smaller.',
    details: { limit_bytes: bytes },
  });
}
