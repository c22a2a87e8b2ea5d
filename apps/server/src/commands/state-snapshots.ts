import { join } from 'node:path';
import { loadConfig } from '@agnes/config';
import { listSnapshots, noSnapshots } from '@agnes/state';
import { SNAPSHOTS_FOLDER, stateFile } from '../data-folder.ts';

/** Prints a line for each snapshot, the newest first: name, time, bytes. The server may run. */
export async function stateSnapshots(): Promise<void> {
  const config = await loadConfig(process.env);
  if (config.stateUrl !== undefined) throw noSnapshots();
  const snapshots = await listSnapshots(join(config.stateDir, SNAPSHOTS_FOLDER));
  for (const { name, created_at, size_bytes } of snapshots) {
    process.stdout.write(`${name}\t${created_at.toISOString()}\t${size_bytes}\n`);
  }
  if (snapshots.length === 0) process.stderr.write(`There is no snapshot of ${stateFile(config)}.\n`);
}
