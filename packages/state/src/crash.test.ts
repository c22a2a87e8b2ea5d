import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { openDuckdbEngine } from './duckdb/engine.ts';
import { openState, readVersion, type State, schema } from './index.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations/index.ts';

const CHILD = fileURLToPath(new URL('../test/crash-child.ts', import.meta.url));
const RUNS = Number(process.env.AGNES_CRASH_RUNS ?? 20);

/** Four at a time: most of a run is the start of its process. */
const LANES = 4;

async function withFile<T>(work: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'agnes-crash-'));
  try {
    return await work(join(folder, 'system.duckdb'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const child = (...parameters: string[]) =>
  spawn(process.execPath, ['--conditions=@agnes/source', CHILD, ...parameters], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });

/** The number that every part of the last transaction agrees on; NaN when they do not. */
async function agreedVersion({ db }: State): Promise<number> {
  const version = await readVersion(db, 'data_version');
  const [user] = await db.select().from(schema.users);
  // Once by the index, once by a scan that cannot use it.
  const { rows } = await db.execute(sql`
    SELECT (SELECT count(*) FROM user_groups WHERE name = 'group') AS by_index,
           (SELECT count(*) FROM user_groups WHERE lower(name) = 'group') AS by_scan,
           (SELECT count(DISTINCT id) FROM audit_log) AS ids,
           (SELECT count(*) FROM audit_log) AS entries,
           (SELECT count(*) FROM audit_log WHERE CAST(params->>'version' AS bigint) BETWEEN 1 AND ${version}) AS valid`);
  const some = version === 0 ? 0 : 1;
  const expected = { by_index: some, by_scan: some, ids: version, entries: version, valid: version };
  const agreed = user?.email === (version === 0 ? undefined : `${version}@example.com`);
  return agreed && JSON.stringify(rows[0]) === JSON.stringify(expected) ? version : Number.NaN;
}

async function crashRuns(path: string, runs: number) {
  let acknowledged = 0;
  let lost = 0;
  let inconsistent = 0;
  let before = 0;
  for (let run = 0; run < runs; run += 1) {
    const writer = child('write', path);
    let last = before;
    createInterface(writer.stdout).on('line', (line) => {
      last = Number(line);
    });
    await once(writer.stdout, 'data');
    await sleep(randomInt(0, 300));
    writer.kill('SIGKILL');
    await once(writer, 'close');
    const state = await openState({ path });
    const version = await agreedVersion(state);
    acknowledged += last - before;
    lost += Math.max(0, last - version);
    inconsistent += Number.isNaN(version) ? 1 : 0;
    before = await readVersion(state.db, 'data_version');
    await state.close();
  }
  return { acknowledged, lost, inconsistent };
}

test('kill -9 at random moments of writing loses nothing that was acknowledged', async () => {
  const lanes = await Promise.all(
    Array.from({ length: LANES }, () => withFile((path) => crashRuns(path, Math.ceil(RUNS / LANES)))),
  );
  const sum = (key: 'acknowledged' | 'lost' | 'inconsistent') => lanes.reduce((total, lane) => total + lane[key], 0);
  const figures = { acknowledged: sum('acknowledged'), lost: sum('lost'), inconsistent: sum('inconsistent') };
  process.stdout.write(
    `state: runs ${LANES * Math.ceil(RUNS / LANES)}, acknowledged ${figures.acknowledged}, lost ${figures.lost}, inconsistent ${figures.inconsistent}\n`,
  );
  expect(figures).toMatchObject({ lost: 0, inconsistent: 0 });
  expect(figures.acknowledged).toBeGreaterThan(0);
});

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
