import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@agnes/api-client';
import { openDatabase } from '@agnes/duckdb';
import { temporaryFolder } from '@agnes/testkit';
import { ANALYST, initialise, startInstallation } from '../installation.ts';
import { demoFiles } from '../oracle/demo-tables.ts';
import { runLaptop } from './laptop.ts';
import { measure, type Sample } from './measure.ts';
import type { Options } from './options.ts';
import { partMarks } from './part-marks.ts';
import { runPublisher, writeLive } from './publisher.ts';
import { runPullClient } from './pull-client.ts';
import { countingFetch, newTally, noteError, type Tally } from './tally.ts';
import type { World } from './world.ts';

/** Tables that do not change; the last is granted and taken back. */
const STILL = { airports: 'airports.csv', football: 'football.json', weather: 'weather.csv', stocks: 'stocks.csv' };
const LIVE = ['live_a', 'live_b', 'live_c'];
const SAMPLE_EVERY_MS = 2000;
const GROUP = 'analysts';

export interface SoakResult {
  readonly tally: Tally;
  readonly samples: readonly Sample[];
  readonly seconds: number;
}

/** Starts everything, lets it run for the time, and answers what was seen. `onSample` is called as it goes. */
export async function runSoak(
  options: Options,
  onSample: (tally: Tally, samples: readonly Sample[], seconds: number) => void,
): Promise<SoakResult> {
  await using all = await startInstallation();
  await using scratch = await temporaryFolder('agnes-soak-');
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  await using marksConnection = await database.connect();
  for (const file of Object.values(STILL)) await copyFile(join(demoFiles, file), join(all.files, file));
  for (const name of LIVE) await writeLive(connection, all.files, name, 1);
  const tables = { ...STILL, ...Object.fromEntries(LIVE.map((name) => [name, `${name}/*.parquet`])) };
  await all.publish(tables, Object.keys(tables));
  await initialise(all);

  const server = all.server.url;
  const tally = newTally();
  const signIn = async (account: { email: string; password: string }) => {
    const body = { email: account.email, password: account.password };
    return createClient({ server, token: (await createClient({ server }).signIn({ body })).access_token });
  };
  const [admin, analyst] = [await signIn(all.server.admin), await signIn(ANALYST)];
  const end = new AbortController();
  const world: World = {
    live: LIVE.map((name) => ({ name, published: 1 })),
    onAndOff: { name: 'stocks', granted: true, changes: 0 },
    tally,
    signal: end.signal,
  };
  const marks = partMarks(marksConnection, scratch.path);
  const fetch = countingFetch(tally);
  const tokens = await Promise.all(
    Array.from({ length: options.clients }, (_, i) => analyst.createToken({ body: { name: `client ${i}` } })),
  );
  const everyMs = options.publishEverySeconds * 1000;
  const work = [
    ...tokens.map(({ token, name }) =>
      runPullClient({ name, client: createClient({ server, token, fetch }), world, marks }),
    ),
    runLaptop(all.analyst, world),
    runPublisher({ admin, connection, files: all.files, group: GROUP, everyMs, world }),
  ];
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  const samples: Sample[] = [];
  while (seconds() < options.seconds) {
    await sleep(Math.min(SAMPLE_EVERY_MS, Math.max(1, (options.seconds - seconds()) * 1000)));
    try {
      samples.push(await measure(admin));
    } catch (error) {
      noteError(tally, 'measuring', error);
    }
    onSample(tally, samples, seconds());
  }
  end.abort();
  await Promise.all(work);
  return { tally, samples, seconds: seconds() };
}
