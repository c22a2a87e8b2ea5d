import { join } from 'node:path';
import { takeFileLock } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';

const WAIT_MS = 30_000;

/**
 * Runs `work` while no other writer, in this process or another, commits to the folder. Throws `connector_failed` after 30
 * seconds of waiting.
 */
export async function withCommitLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await using lock = await takeFileLock(join(folder, '.lock'), { waitMs: WAIT_MS });
  if (lock !== undefined) return await work();
  throw new AgnesError('connector_failed', `Another writer has been committing to ${folder} for too long.`, {
    hint: 'Let one connector at a time write into a source.',
  });
}
