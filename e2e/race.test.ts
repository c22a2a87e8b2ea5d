import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { minimalEnvironment, type Random, repositoryRoot, seededRandom, startProcess } from '@agnes/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, checkParts, type Job, type Manifest, signIn } from './api.ts';
import { ANALYST, type Installation, inFiles, initialise, json, query, startInstallation } from './installation.ts';

const ROUNDS = Number(process.env.AGNES_RACE_ROUNDS ?? 1);
const SEED = Number(process.env.AGNES_CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31));
const TABLES = ['left_half', 'right_half'];

let all: Installation;
let admin: Api;
let analyst: Api;
let random: Random;
let rows = 100;

beforeAll(async () => {
  random = seededRandom(SEED);
  all = await startInstallation();
  await grow();
  await all.publish(Object.fromEntries(TABLES.map((name) => [name, `${name}.csv`])), TABLES);
  await initialise(all);
  admin = await signIn(all.server);
  analyst = await signIn(all.server, ANALYST);
});
afterAll(() => all?.[Symbol.asyncDispose]());

/** Every table gets one row more, of the same generation in all rows. */
async function grow(): Promise<void> {
  rows += 1;
  const text = `id,gen\n${Array.from({ length: rows }, (_, row) => `${row},${rows}\n`).join('')}`;
  for (const name of TABLES) await writeFile(inFiles(all, `${name}.csv`), text);
}

const SCHEDULER_TOKEN = 'scheduler-token-of-at-least-32-characters';

const sync = () => all.admin.agnes(['admin', 'sync', ...TABLES]);
const pull = () => all.analyst.agnes(['pull', '--json']);
const soon = () => sleep(random.integer(0, 600));

async function untilIdle(): Promise<void> {
  while ((await admin.get<{ locked: boolean }>('/api/sync/status')).locked) await sleep(30);
}

async function grantOf(name: string): Promise<string | undefined> {
  const grants =
    await admin.get<{ id: string; resource_id: string; resource_name?: string | null }[]>('/api/admin/grants');
  return grants.find((one) => one.resource_name === name || one.resource_id === name)?.id;
}

/** What must hold whatever ran at once: each part the manifest names can be had, each local table is of one version. */
async function violations(): Promise<string[]> {
  const manifest = await analyst.get<Manifest>('/api/sync/manifest');
  const wrong = await checkParts(analyst, manifest);
  const status = await json<{ tables: { name: string }[] }>(all.analyst, ['status']);
  for (const { name } of status.tables) {
    const [found] = await query(all.analyst, `SELECT count(*) AS n, min(gen) AS least, max(gen) AS most FROM ${name}`);
    if (found?.n !== found?.least || found?.n !== found?.most) wrong.push(`${name} is torn: ${JSON.stringify(found)}`);
  }
  return wrong;
}

/** Runs both at once, the second a random moment after the first, and collects what is wrong afterwards. */
async function race<A, B>(
  name: string,
  first: () => Promise<A>,
  second: () => Promise<B>,
  judge: (results: readonly [A, B]) => Promise<string[]> | string[] = () => [],
): Promise<void> {
  const wrong: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await grow();
    const results = await Promise.all([first(), soon().then(second)]);
    wrong.push(...(await judge(results)));
    await untilIdle();
    wrong.push(...(await violations()));
  }
  process.stdout.write(`race ${name}: rounds ${ROUNDS}, violations ${wrong.length} (seed ${SEED})\n`);
  expect(wrong).toEqual([]);
}

/** A command may succeed, or refuse with one of these codes; anything else is a violation. */
function unlike({ code, stderr }: { code: number | null; stderr: string }, ...allowed: string[]): string[] {
  return code === 0 || allowed.some((one) => stderr.includes(one)) ? [] : [`ended with ${code}: ${stderr}`];
}

describe('at once', { timeout: 120_000 + ROUNDS * 60_000 }, () => {
  it('two syncs: one runs, the other runs after it or is told of it', () =>
    race('sync, sync', sync, sync, (results) => results.flatMap((one) => unlike(one, 'sync_already_in_progress'))));

  it('two pulls in one workspace: both end well, or the second says who is at work', () =>
    race('pull, pull', pull, pull, (results) => results.flatMap((one) => unlike(one, 'workspace_busy'))));

  it('a pull and a sync', () => race('sync, pull', sync, pull, (results) => results.flatMap((one) => unlike(one))));

  it('a revoke and a pull: a table that is revoked is gone with the next pull, and stays gone', () =>
    race(
      'revoke, pull',
      async () => {
        const id = await grantOf('left_half');
        return admin.send('DELETE', `/api/admin/grants/${id}`);
      },
      pull,
      async ([, pulled]) => {
        const wrong = unlike(pulled);
        await json(all.analyst, ['pull']);
        const manifest = await analyst.get<Manifest>('/api/sync/manifest');
        if (manifest.tables.left_half !== undefined) wrong.push('a revoked table is in the manifest');
        const { code } = await all.analyst.agnes(['query', 'SELECT count(*) FROM left_half']);
        if (code === 0) wrong.push('a revoked table came back to the laptop');
        await json(all.admin, ['admin', 'grant', 'create', 'analysts', 'table', 'left_half']);
        await json(all.analyst, ['pull']);
        return wrong;
      },
    ));

  it('a grant and a pull: the table is there after this pull or after the next', () =>
    race(
      'grant, pull',
      async () => {
        const id = await grantOf('right_half');
        if (id !== undefined) await admin.send('DELETE', `/api/admin/grants/${id}`);
        return json(all.admin, ['admin', 'grant', 'create', 'analysts', 'table', 'right_half']);
      },
      pull,
      async ([, pulled]) => {
        await json(all.analyst, ['pull']);
        const { code, stderr } = await all.analyst.agnes(['query', 'SELECT count(*) FROM right_half']);
        return [...unlike(pulled), ...(code === 0 ? [] : [`the granted table did not arrive: ${stderr}`])];
      },
    ));

  it('an unregister and a sync: a table that was taken out does not come back', () =>
    race(
      'sync, unregister',
      sync,
      () => all.admin.agnes(['admin', 'unregister-table', 'right_half', '--yes']),
      async ([synced, taken]) => {
        const wrong = [...unlike(taken), ...unlike(synced, 'table_not_found')];
        await untilIdle();
        const manifest = await analyst.get<Manifest>('/api/sync/manifest');
        if (manifest.tables.right_half !== undefined) wrong.push('a table that was taken out is in the manifest');
        await json(all.analyst, ['pull']);
        if ((await all.analyst.agnes(['query', 'SELECT 1 FROM right_half'])).code === 0) {
          wrong.push('a table that was taken out is still on the laptop');
        }
        await all.publish({ right_half: 'right_half.csv' }, ['right_half']);
        await json(all.analyst, ['pull']);
        return wrong;
      },
    ));

  it('two schedulers: they ask, and no two syncs run at once', async () => {
    await all.server.restart({ SCHEDULER_API_TOKEN: SCHEDULER_TOKEN });
    const since = new Date().toISOString();
    const main = join(repositoryRoot, 'apps', 'scheduler', 'src', 'main.ts');
    const env = {
      ...minimalEnvironment(),
      API_URL: all.server.url,
      SCHEDULER_API_TOKEN: SCHEDULER_TOKEN,
      SCHEDULER_TICK_SECONDS: '1',
      SCHEDULER_DATA_REFRESH_INTERVAL: '1',
      SCHEDULER_STARTUP_GRACE_SECONDS: '0',
    };
    const start = () => startProcess(process.execPath, ['--conditions=@agnes/source', main], { env });
    let syncs: Job[] = [];
    {
      await using _one = await start();
      await using _other = await start();
      for (const enough = 3 + ROUNDS; syncs.length < enough; await sleep(100)) {
        const { jobs } = await admin.get<{ jobs: Job[] }>('/api/jobs?kind=sync&limit=500');
        syncs = jobs.filter(({ created_at, finished_at }) => created_at >= since && finished_at !== null);
      }
    }
    const inOrder = syncs.sort((a, b) => (a.created_at < b.created_at ? -1 : 1));
    const overlaps = inOrder.filter(({ created_at }, index) => created_at < (inOrder[index - 1]?.finished_at ?? ''));
    const failed = inOrder.filter(({ status }) => status !== 'succeeded');
    process.stdout.write(
      `race scheduler, scheduler: syncs ${syncs.length}, violations ${overlaps.length + failed.length}\n`,
    );
    expect([overlaps, failed]).toEqual([[], []]);
    await untilIdle();
  });
});
