import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sizeOf } from '@agnes/durable-files';
import { type CrashLane, crashTest } from '@agnes/testkit';
import { expect, test } from 'vitest';
import { workspacePaths } from '../src/workspace/workspace.ts';
import { ask } from './ask.ts';
import { type DataServer, startDataServer } from './data-server.ts';
import { createUser, type User } from './user.ts';

const TABLES = ['a', 'b'];
const crash = crashTest('pull', 50);
const found = { old: 0, fresh: 0, intakes: 0, parts: 0 };

/** Every table gets the same generation, so that a mixture of two pulls would show. */
async function publish(server: DataServer, generation: number): Promise<void> {
  for (const [index, table] of TABLES.entries()) {
    const parts = [0, 1].map(
      (part) =>
        `SELECT range AS id, md5((range + ${generation * 7 + part + index})::VARCHAR) AS text, ${generation} AS gen FROM range(500)`,
    );
    await server.publish(table, parts);
  }
}

const ROWS = TABLES.length * 1000;
const generations = `SELECT gen, count(*) AS rows, count(text) AS texts FROM (${TABLES.map((table) => `SELECT gen, text FROM ${table}`).join(' UNION ALL ')}) GROUP BY gen`;

/** The generation that every row of every table has; undefined when the workspace is torn. */
async function generationIn(user: User): Promise<number | undefined> {
  try {
    const rows = await ask(user.folder, generations);
    const whole = rows.length === 1 && Number(rows[0]?.rows) === ROWS && Number(rows[0]?.texts) === ROWS;
    return whole ? Number(rows[0]?.gen) : undefined;
  } catch (error) {
    crash.violate(`the query failed: ${String(error)}`);
    return undefined;
  }
}

/** Waits until the new database is being built, and then so much more. */
async function aroundTheSwap(user: User, delayMs: number): Promise<void> {
  const building = `${workspacePaths.database(user.folder)}.tmp`;
  for (const end = Date.now() + 20_000; (await sizeOf(building)) === undefined && Date.now() < end; ) await sleep(1);
  await sleep(delayMs);
}

/** Waits until the first part is asked for, and then so much more. */
async function duringDownloads({ blobRequests }: DataServer, delayMs: number): Promise<void> {
  const before = blobRequests.length;
  for (const end = Date.now() + 20_000; blobRequests.length === before && Date.now() < end; ) await sleep(1);
  await sleep(delayMs);
}

async function killInTurn({ random, next }: CrashLane): Promise<void> {
  await using server = await startDataServer();
  await using user = await createUser();
  // Slow enough that kills fall into downloads.
  server.onBlob = () => ({ pauseMs: 10 });
  await publish(server, 0);
  await user.run(['init', '--server-url', server.url, '--token', server.token]);
  const started = performance.now();
  await publish(server, 1);
  await user.json(['pull']);
  const whole = performance.now() - started;
  for (let generation = 2; next(); generation += 1) {
    await publish(server, generation);
    // The moments of downloads and around the swap are few, so each gets a third of the kills.
    const [anywhere, around, during] = [
      whole * (0.2 + 0.9 * random.next()),
      random.integer(0, 60),
      random.integer(0, 40),
    ];
    const killAfter = [anywhere, () => aroundTheSwap(user, around), () => duringDownloads(server, during)][
      generation % 3
    ] as number | (() => Promise<void>);
    const killed = await user.run(['pull'], { killAfter });
    const intakes = await intakesOf(user);
    // Two, when the pull before was killed with every part in the store: the one after it fetched nothing, and this one was
    // killed before it took that folder over.
    if (intakes.length > 2) crash.violate(`${intakes.length} folders of unfinished downloads`);
    found.intakes += intakes.length;
    found.parts += intakes.flat().filter((name) => name.endsWith('.part')).length;
    const after = await generationIn(user);
    if (after === generation) found.fresh += 1;
    else if (after === generation - 1) found.old += 1;
    else crash.violate(`readers get ${after}, not ${generation - 1} or ${generation}`);
    // What the pull before had brought was acknowledged, and this one when it ended by itself.
    crash.acknowledge(1);
    if (after === undefined || after < generation - 1 || (killed.code === 0 && after !== generation)) crash.lose(1);
    const again = await user.run(['pull', '--json']);
    if (again.code !== 0) crash.violate(`the next pull ended with ${again.code}: ${again.stderr}`);
    if ((await generationIn(user)) !== generation) crash.violate('the next pull did not converge');
    const left = await leftovers(user);
    if (left.length > 0) crash.violate(`the next pull left ${left.join(', ')}`);
  }
  // A pull that fetches takes up, or away, what killed ones had begun to fetch.
  await publish(server, -1);
  await user.json(['pull']);
  const unfinished = await intakesOf(user);
  if (unfinished.length > 0) crash.violate(`the store keeps ${unfinished.length} folders of unfinished downloads`);
}

/** What is in each folder of unfinished downloads. One that a kill left is taken over by the next pull that fetches. */
async function intakesOf({ env }: User): Promise<string[][]> {
  const folder = join(env.XDG_CACHE_HOME ?? '', 'agnes', 'store', 'tmp');
  return Promise.all((await readdir(folder)).map((name) => readdir(join(folder, name))));
}

/** What a pull that has ended must not leave in the workspace. */
async function leftovers(user: User): Promise<string[]> {
  const database = workspacePaths.database(user.folder);
  const names = await Promise.all([workspacePaths.agnes(user.folder), dirname(database)].map((path) => readdir(path)));
  return names.flat().filter((name) => /\.tmp(\.wal)?$|\.holder$|\.next$/.test(name));
}

test(
  'a pull killed at any moment leaves the old tables or the new, and the next one arrives',
  async () => {
    await crash.inLanes(2, killInTurn);
    process.stdout.write(
      `crash pull: ${found.old} times the old tables, ${found.fresh} times the new; ` +
        `${found.intakes} kills left a folder of downloads, with ${found.parts} unfinished\n`,
    );
    if (crash.runs >= 30) expect(found.intakes).toBeGreaterThan(0);
    expect(crash.finish()).toMatchObject({ lost: 0, violations: [] });
  },
  crash.timeoutMs,
);
