import { hostname } from 'node:os';
import { type FileLock, readTextIfThere, takeFileLock } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';

/**
 * Takes the lock `<path>.lock`, which at most one process holds and which the operating system frees when that process ends,
 * however it ends. Who holds it stands in `<path>.owner`. Throws `state_locked`, which names the holder.
 */
export async function takeOwnerLock(path: string, now: Date): Promise<FileLock> {
  const text = `process ${process.pid} on ${hostname()} since ${now.toISOString()}\n`;
  const lock = await takeFileLock(`${path}.lock`, { holder: { file: ownerFile(path), text } });
  if (lock === undefined) throw await stateLocked(path);
  return lock;
}

export async function stateLocked(path: string, cause?: unknown): Promise<AgnesError> {
  const owner = (await readTextIfThere(ownerFile(path)))?.trim() ?? 'another process';
  return new AgnesError('state_locked', `The state database ${path} is in use by ${owner}.`, {
    hint: 'Stop that process first: one server at a time may use a data folder.',
    details: { owner },
    cause,
  });
}

const ownerFile = (path: string): string => `${path}.owner`;
