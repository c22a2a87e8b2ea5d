import { loadConfig } from '@agnes/config';
import { inspectState } from '@agnes/state';
import { stateLocation } from '../data-folder.ts';

/** Looks the state database over and prints the rows of each table; changes nothing. No server may run. */
export async function stateCheck(): Promise<void> {
  const config = await loadConfig(process.env);
  const { engine, pending, rows } = await inspectState(stateLocation(config));
  for (const [table, count] of rows) process.stdout.write(`${table}\t${count}\n`);
  process.stderr.write(
    pending.length === 0
      ? `The state (${engine}) is sound: its migrations, its schema and every row can be read.\n`
      : `The state (${engine}) is of an earlier release; the next start takes ${pending.join(', ')}.\n`,
  );
}
