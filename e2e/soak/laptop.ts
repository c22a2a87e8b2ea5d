import { setTimeout as sleep } from 'node:timers/promises';
import type { Laptop } from '@agnes/testkit';
import { json } from '../installation.ts';
import { note, noteError } from './tally.ts';
import type { World } from './world.ts';

const EVERY_MS = 5000;

/** A workspace of the real `agnes`: pulls, asks what it has, and holds that against the world. */
export async function runLaptop(laptop: Laptop, { live, tally, signal }: World): Promise<void> {
  while (!signal.aborted) {
    const asked = live.map(({ published }) => published);
    try {
      await json(laptop, ['pull']);
      tally.laptopPulls += 1;
      const sql = live.map(
        ({ name }) => `SELECT '${name}' AS name, min(mark) AS least, max(mark) AS greatest FROM ${name}`,
      );
      const rows = await json<{ name: string; least: number; greatest: number }[]>(laptop, [
        'query',
        sql.join(' UNION ALL '),
      ]);
      for (const [i, { name }] of live.entries()) {
        const row = rows.find((one) => one.name === name);
        if (row === undefined || row.least !== row.greatest) tally.torn += 1;
        else if (row.greatest < (asked[i] ?? 0)) tally.stale += 1;
        else continue;
        note(tally, `laptop: ${name}: ${JSON.stringify(row)}, at least ${asked[i]} was to be`);
      }
    } catch (error) {
      if (!signal.aborted) noteError(tally, 'laptop', error);
    }
    await sleep(EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
}
