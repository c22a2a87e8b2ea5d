import { stat } from 'node:fs/promises';
import { hasErrorCode } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';
import type { SourceFile } from './find-files.ts';

/** What tells whether a file is still the one that it was. */
export type Signatures = ReadonlyMap<string, string>;

export async function signaturesOf(files: readonly SourceFile[]): Promise<Signatures> {
  const signatures = new Map<string, string>();
  for (const { path } of files) signatures.set(path, await signatureOf(path));
  return signatures;
}

/** The first file that was written, replaced or taken away since. */
export async function changedSince(signatures: Signatures): Promise<string | undefined> {
  for (const [path, before] of signatures) if ((await signatureOf(path)) !== before) return path;
  return undefined;
}

export function changedWhileRead(path: string): AgnesError {
  return new AgnesError('source_file_changed', `${path} changed while it was read, twice in a row.`, {
    hint: 'Write it under another name or in another folder and rename it when it is whole; then sync again.',
    details: { file: path },
  });
}

async function signatureOf(path: string): Promise<string> {
  try {
    const { size, mtimeNs, ctimeNs, ino, dev } = await stat(path, { bigint: true });
    return [size, mtimeNs, ctimeNs, ino, dev].join(' ');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return 'gone';
    throw error;
  }
}
