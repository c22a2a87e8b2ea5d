import type { Engine } from '../engine.ts';
import { databaseOver } from '../session.ts';
import { openOwnerSession } from './owner-session.ts';
import { openReadPool } from './read-pool.ts';

/** Connects, as the only owner. Throws `state_locked`, `unavailable` or `invalid_config`; nothing stays open then. */
export async function openPostgresEngine(url: string): Promise<Engine> {
  const owner = await openOwnerSession(url);
  const pool = openReadPool(url);
  return {
    name: 'postgres',
    db: databaseOver(pool),
    transaction: (work) => owner.transaction((executor) => work(databaseOver(executor))),
    // The database keeps its own log.
    checkpoint: async () => {},
    async close() {
      await pool.close();
      await owner.close();
    },
  };
}
