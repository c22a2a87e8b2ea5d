import { type Config, loadConfig } from '@agnes/config';
import { AgnesError } from '@agnes/errors';
import { copyState, type StateLocation } from '@agnes/state';
import { stateFile } from '../data-folder.ts';

/**
 * Copies the state from the file to Postgres or back, into an empty database. The address of the Postgres is taken from
 * AGNES_STATE_URL alone, because a command line can be read by everybody on the machine. No server may run.
 */
export async function stateCopy([from = '', to = '']: readonly string[]): Promise<void> {
  const config = await loadConfig(process.env);
  if (from === to) {
    throw new AgnesError('usage', 'The state cannot be copied onto itself.', {
      hint: 'Use: agnes-server state copy --from file --to postgres (or the other way round).',
    });
  }
  const locations = { from: locationOf(from, config), to: locationOf(to, config) };
  const copied = await copyState(locations);
  for (const [table, rows] of copied) process.stdout.write(`${table}\t${rows}\n`);
  const next = to === 'postgres' ? 'with AGNES_STATE_URL set' : 'without AGNES_STATE_URL';
  process.stderr.write(`Copied and compared, row by row. Start the server ${next}.\n`);
}

function locationOf(engine: string, config: Config): StateLocation {
  if (engine === 'file') return { path: stateFile(config) };
  if (engine !== 'postgres') {
    throw new AgnesError('usage', `A state is kept in 'file' or in 'postgres', not in '${engine}'.`, {
      hint: 'Use: agnes-server state copy --from file --to postgres',
    });
  }
  if (config.stateUrl === undefined) {
    throw new AgnesError('invalid_config', 'AGNES_STATE_URL is not set, so it is not known which Postgres is meant.', {
      hint: 'Set it to postgres://<user>:<password>@<host>:5432/<database>.',
    });
  }
  return { url: config.stateUrl.reveal() };
}
