import { loadConfig } from '@agnes/config';
import { noSnapshots, openState } from '@agnes/state';
import { stateLocation } from '../data-folder.ts';

/** Takes a snapshot of the state database and prints its name. No server may run: it takes snapshots by itself. */
export async function stateSnapshot(): Promise<void> {
  const config = await loadConfig(process.env);
  if (config.stateUrl !== undefined) throw noSnapshots();
  await using state = await openState(stateLocation(config));
  const snapshot = await state.snapshot('manual');
  process.stdout.write(`${snapshot.name}\t${snapshot.created_at.toISOString()}\t${snapshot.size_bytes}\n`);
}
