import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  administer,
  type BundledProgram,
  bundleProgram,
  type CrashLane,
  type CrashTest,
  crashTest,
  createTestDatabase,
  startPostgres,
} from '@agnes/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LADDER_TABLES, ladderOf } from '../test/crash-ladder.ts';
import { openDuckdbEngine } from './duckdb/engine.ts';
import { bumpVersion, openState, type StateLocation } from './index.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations/index.ts';
import { openStateWith } from './state.ts';

const CHILD = fileURLToPath(new URL('../test/crash-child.ts', import.meta.url));

async function withFile<T>(work: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'agnes-crash-'));
  try {
    return await work(join(folder, 'system.duckdb'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function withDatabase<T>(work: (location: StateLocation) => Promise<T>): Promise<T> {
  await using database = await createTestDatabase();
  return await work({ url: database.url });
}

/** Where the state of a lane is, by engine. */
const ENGINES = [
  ['duckdb', (work: (location: StateLocation) => Promise<void>) => withFile((path) => work({ path }))],
  ['postgres', withDatabase],
] as const;

let program: BundledProgram;
beforeAll(async () => {
  program = await bundleProgram(CHILD);
});
afterAll(() => program?.[Symbol.asyncDispose]());

const child = (...parameters: string[]) =>
  spawn(process.execPath, [...program.args, ...parameters], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...program.env },
  });

/** What a child found when it had opened the state that the one before left: see crash-child.ts. */
interface Opened {
  readonly last: number;
  readonly whole: boolean;
  /** Snapshots that it opened and counted. */
  readonly snapshots: number;
  /** Those that do not open, or hold a part of something. */
  readonly unsound: readonly string[];
}

let soundSnapshots = 0;

/** Starts a child and kills it: so long after it has loaded its code, or after it has opened the state. */
async function killWriter(parameters: string[], moment: 'loaded' | 'opened', delayMs: number) {
  const writer = child(...parameters);
  let opened: Opened | undefined;
  let acknowledged = 0;
  const reached = Promise.withResolvers<void>();
  createInterface(writer.stdout).on('line', (line) => {
    if (line.startsWith('{')) opened = JSON.parse(line) as Opened;
    else if (line !== 'loaded') acknowledged = Number(line);
    if (moment === 'loaded' || opened !== undefined) reached.resolve();
  });
  const ended = once(writer, 'close');
  await Promise.race([reached.promise, ended]);
  await sleep(delayMs);
  const failed = writer.exitCode !== null;
  writer.kill('SIGKILL');
  await ended;
  return { opened, acknowledged, failed };
}

/** Kills one child after the other; each opens what the one before has left, and says what it found there. */
async function killInTurn(
  crash: CrashTest,
  { random, next }: CrashLane,
  parametersOf: (round: number) => string[],
  longest: number,
): Promise<void> {
  let acknowledged = 0;
  const check = (found: Awaited<ReturnType<typeof killWriter>>): void => {
    if (found.failed) crash.violate('the next start failed');
    if (found.opened !== undefined) {
      crash.lose(Math.max(0, acknowledged - found.opened.last));
      if (!found.opened.whole) crash.violate('a transaction is there in part');
      for (const wrong of found.opened.unsound) crash.violate(wrong);
      soundSnapshots += found.opened.snapshots - found.opened.unsound.length;
      acknowledged = Math.max(acknowledged, found.opened.last);
    }
    crash.acknowledge(Math.max(0, found.acknowledged - acknowledged));
    acknowledged = Math.max(acknowledged, found.acknowledged);
  };
  let round = 1;
  for (; next(); round += 1) {
    const moment = random.pick<'loaded' | 'opened'>(['loaded', 'opened']);
    const delay = random.integer(0, moment === 'loaded' ? longest : 150);
    check(await killWriter(parametersOf(round), moment, delay));
  }
  check(await killWriter(parametersOf(round), 'opened', 0));
}

describe.each(ENGINES)('%s', (engine, withLocation) => {
  const writes = crashTest(`state ${engine}`);
  test(
    'kill -9 at random moments of writing loses nothing that was acknowledged',
    async () => {
      await writes.inLanes(2, (lane) =>
        withLocation((location) => killInTurn(writes, lane, () => ['write', JSON.stringify(location)], 300)),
      );
      const figures = writes.finish();
      expect(figures).toMatchObject({ lost: 0, violations: [] });
      if (writes.runs >= 30) expect(figures.acknowledged).toBeGreaterThan(0);
    },
    writes.timeoutMs,
  );

  const climbs = crashTest(`migration ${engine}`);
  test(
    'kill -9 at random moments of a migration: the next start takes the steps that are left, and no row is lost',
    async () => {
      await climbs.inLanes(2, (lane) =>
        withLocation(async (location) => {
          await climbTo(location, 1);
          const began = performance.now();
          await climbTo(location, 2);
          // The child loads DuckDB besides.
          const usual = performance.now() - began + 100;
          const parameters = (round: number) => ['climb', JSON.stringify(location), String(round + 2)];
          await killInTurn(climbs, lane, parameters, Math.ceil(usual));
        }),
      );
      const figures = climbs.finish();
      expect(figures).toMatchObject({ lost: 0, violations: [] });
      if (climbs.runs >= 30) expect(figures.acknowledged).toBeGreaterThan(0);
      if (engine === 'duckdb') {
        process.stdout.write(
          `crash ${engine}: ${soundSnapshots} snapshots that killed processes left, all of them sound\n`,
        );
        if (climbs.runs >= 30) expect(soundSnapshots).toBeGreaterThan(0);
      }
    },
    climbs.timeoutMs,
  );
});

const cuts = crashTest('state postgres, its backend killed', 5);
test(
  'kill -9 of the Postgres process that writes: what was acknowledged is there, and the same server goes on by itself',
  async () => {
    await using postgres = await startPostgres();
    await using state = await openState({ url: postgres.url });
    await cuts.inLanes(1, async ({ random, next }) => {
      let before = 0;
      while (next()) {
        let last = before;
        let stopped = false;
        const writing = (async () => {
          while (!stopped) last = await state.write((tx) => bumpVersion(tx, 'data_version'));
        })();
        await sleep(random.integer(0, 200));
        const pid = await backendOf(postgres.url);
        process.kill(pid, 'SIGKILL');
        const cut: unknown = await Promise.race([writing.catch((error: unknown) => error), sleep(10_000)]);
        stopped = true;
        if (!(cut instanceof Error && 'code' in cut && cut.code === 'unavailable'))
          cuts.violate(`the write: ${String(cut)}`);
        const version = await untilAnswered(() => state.write((tx) => bumpVersion(tx, 'data_version')));
        cuts.acknowledge(last - before + 1);
        cuts.lose(Math.max(0, last + 1 - version));
        before = version;
      }
    });
    expect(cuts.finish()).toMatchObject({ lost: 0, violations: [] });
  },
  cuts.timeoutMs,
);

/** Takes the steps of so many rounds, and removes the snapshots from before them. */
async function climbTo(location: StateLocation, rounds: number): Promise<void> {
  await using state = await openStateWith(location, ladderOf(rounds), LADDER_TABLES);
  for (const { path } of await state.snapshots()) await rm(path);
}

/** The process of the session that writes; it holds the owner lock. */
async function backendOf(url: string): Promise<number> {
  const [row] = await administer(url, "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted");
  return Number(row?.pid);
}

/** Postgres recovers for a moment; a server's callers get `unavailable` meanwhile and ask again. */
async function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  for (const deadline = performance.now() + 20_000; ; ) {
    try {
      return await ask();
    } catch (error) {
      const waits = error instanceof Error && 'code' in error && error.code === 'unavailable';
      if (!waits || performance.now() > deadline) throw error;
      await sleep(50);
    }
  }
}

/** One of each kind of change that a migration may make, to a table that has each kind of literal default. */
const CHANGES = [
  "ALTER TABLE users ADD COLUMN note text DEFAULT 'x'",
  'ALTER TABLE users ADD COLUMN flag boolean DEFAULT false',
  'ALTER TABLE users ADD COLUMN plain json',
  'ALTER TABLE jobs ALTER COLUMN kind DROP NOT NULL',
  'ALTER TABLE jobs ALTER COLUMN idempotency_key SET NOT NULL',
  'CREATE UNIQUE INDEX users_once ON users (name)',
  `CREATE TABLE rebuilt AS SELECT * FROM user_groups; DROP TABLE user_groups;
   CREATE TABLE user_groups (id text PRIMARY KEY, name text NOT NULL UNIQUE, extra boolean NOT NULL DEFAULT true);
   INSERT INTO user_groups (id, name) SELECT id, name FROM rebuilt; DROP TABLE rebuilt`,
].map((statement, index) => ({ id: `9${index}-change`, statements: statement.split(';').map((text) => text.trim()) }));

test.concurrent.each([
  ...migrations.map((migration, index) => [migration.id, migrations.slice(0, index + 1)] as const),
  ...CHANGES.map((change) => [change.statements[0], [...migrations, change]] as const),
])('killed between the commit and the checkpoint of %s, the file opens and the step is taken', (_name, ladder) =>
  withFile(async (path) => {
    const climber = child('migrate', path, JSON.stringify(ladder));
    const [, signal] = await once(climber, 'close');
    expect(signal).toBe('SIGKILL');
    const engine = await openDuckdbEngine(path);
    await migrate(engine, ladder, {
      now: () => new Date(),
      before: () => Promise.reject(new Error('The step was not taken.')),
    });
    await engine.close();
  }),
);
