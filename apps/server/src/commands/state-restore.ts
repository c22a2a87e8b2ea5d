import { loadConfig } from '@agnes/config';
import { noSnapshots, restoreSnapshot } from '@agnes/state';
import { stateFile } from '../data-folder.ts';

/** Puts a snapshot in the place of the state database, which is kept beside it. No server may run. */
export async function stateRestore([name = '']: readonly string[]): Promise<void> {
  const config = await loadConfig(process.env);
  if (config.stateUrl !== undefined) throw noSnapshots();
  const { snapshot, kept } = await restoreSnapshot(stateFile(config), name);
  process.stderr.write(`The state is that of ${snapshot.created_at.toISOString()} again.\n`);
  for (const path of kept) process.stderr.write(`What was there before is kept as ${path}\n`);
}
