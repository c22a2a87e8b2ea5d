import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type BundledProgram,
  bundleProgram,
  type CrashLane,
  crashTest,
  processesIn,
  type RunningServer,
  serverEntry,
  startServer,
} from '@agnes/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Api, checkParts, type Job, type Manifest, signIn } from './api.ts';

const TABLES = ['one', 'two'];
const LEAST_ROWS = 300;
const LET_FINISH_EVERY = 5;
const crash = crashTest('sync', 50);
let program: BundledProgram;
beforeAll(async () => {
  program = await bundleProgram(serverEntry);
});
afterAll(() => program?.[Symbol.asyncDispose]());

const seen = { connector: 0, publish: 0, finished: 0 };

/** Each generation has one row more, so that the number of rows says which version a reader gets. */
async function writeFiles(dataDir: string, rows: number): Promise<void> {
  const text = `id,text\n${Array.from({ length: rows }, (_, row) => `${row},row ${row}\n`).join('')}`;
  for (const name of TABLES) await writeFile(join(dataDir, 'files', `${name}.csv`), text);
}

/** A sync that was acknowledged: how many rows its files had then, and how often its server was killed. */
interface Asked {
  readonly job: string;
  readonly rows: number;
  kills: number;
}

async function trigger(api: Api, rows: number): Promise<Asked> {
  const { job_id } = await api.send<{ job_id: string }>('POST', '/api/sync/trigger', { tables: TABLES });
  crash.acknowledge(1);
  return { job: job_id, rows, kills: 0 };
}

/** Waits for every sync that is queued or runs, also those that a start took up again. */
async function untilIdle(api: Api): Promise<void> {
  while ((await api.get<{ locked: boolean }>('/api/sync/status')).locked) await sleep(30);
}

/** The rows of each table, in the order of `TABLES`; what is not whole is a violation. */
async function rowsSeen(api: Api): Promise<number[]> {
  const manifest = await api.get<Manifest>('/api/sync/manifest');
  for (const wrong of await checkParts(api, manifest)) crash.violate(wrong);
  return TABLES.map((name) => manifest.tables[name]?.rows ?? 0);
}

/** Tells what of the server was at work, ends the server, and waits until nothing that it started runs any more. */
async function kill(server: RunningServer): Promise<void> {
  const children = (await processesIn(server.dataDir)).filter(({ pid }) => pid !== server.pid);
  if (children.some(({ command }) => command.includes('connector-files'))) seen.connector += 1;
  if (children.some(({ command }) => command.includes('publish-runner'))) seen.publish += 1;
  await server.kill();
  for (const deadline = performance.now() + 20_000; ; await sleep(20)) {
    const left = await processesIn(server.dataDir);
    if (left.length === 0) return;
    if (performance.now() < deadline) continue;
    crash.violate(`${left.map(({ command }) => command).join(', ')} outlived the server`);
    for (const { pid } of left) process.kill(pid, 'SIGKILL');
    return;
  }
}

async function killInTurn({ random, next }: CrashLane): Promise<void> {
  await using server = await startServer({ program, env: { AGNES_ROLE: 'api' } });
  // The session outlives the server, too.
  const api = await signIn(server);
  let rows = LEAST_ROWS;
  await writeFiles(server.dataDir, rows);
  for (const name of TABLES) {
    const place = { source_type: 'local', source_table: `${name}.csv` };
    await api.send('POST', '/api/admin/register-table', { name, ...place });
  }
  await trigger(api, rows);
  await untilIdle(api);
  const began = performance.now();
  await writeFiles(server.dataDir, ++rows);
  let asked = await trigger(api, rows);
  await untilIdle(api);
  const usual = performance.now() - began;

  let least = await rowsSeen(api);
  for (let round = 1; next(); round += 1) {
    if (!(await api.get<{ locked: boolean }>('/api/sync/status')).locked) {
      await writeFiles(server.dataDir, ++rows);
      asked = await trigger(api, rows);
    }
    await sleep(random.next() * usual * 1.1);
    if ((await jobOf(api, asked)).status === 'succeeded') {
      crash.acknowledge(TABLES.length);
      least = least.map(() => asked.rows);
      seen.finished += 1;
    }
    await kill(server);
    asked.kills += 1;
    await server.restart();
    const now = await rowsSeen(api);
    now.forEach((count, index) => {
      if (count < (least[index] ?? 0)) crash.lose(1);
      if (count > rows) crash.violate(`${TABLES[index]} has ${count} rows, more than there ever were`);
    });
    least = now;
    if (round % LET_FINISH_EVERY === 0) least = await converge(server, api, asked);
  }
  await converge(server, api, asked);
}

async function jobOf(api: Api, { job, kills }: Asked): Promise<Job> {
  const found = await api.get<Job>(`/api/jobs/${job}`);
  const given = ['queued', 'running', 'succeeded'].includes(found.status);
  // After three starts that all ended in a kill the job is given up, and says so; the scheduler asks for the next.
  if (!given && !(kills >= 3 && found.error?.code === 'job_lost')) {
    crash.lose(1);
    crash.violate(`a job that was killed ${kills} times is ${found.status}: ${JSON.stringify(found.error)}`);
  }
  return found;
}

/** What a crash left goes on by itself and ends: what was asked for is published, and nothing half-done is left. */
async function converge(server: RunningServer, api: Api, asked: Asked): Promise<number[]> {
  await untilIdle(api);
  if ((await jobOf(api, asked)).status === 'failed') {
    await trigger(api, asked.rows);
    await untilIdle(api);
  }
  const arrived = await rowsSeen(api);
  if (arrived.some((count) => count !== asked.rows)) {
    crash.violate(`${arrived.join(' and ')} rows arrived of ${asked.rows}`);
  }
  const temporary = (await readdir(join(server.dataDir, 'tmp'))).filter((name) => /^(publish|connector)-/.test(name));
  if (temporary.length > 0) crash.violate(`${temporary.join(', ')} is left`);
  return arrived;
}

test.runIf(process.platform === 'linux')(
  'kill -9 of the server at random moments of a sync: nothing acknowledged is lost, its children end, and the next start finishes the sync',
  async () => {
    await crash.inLanes(2, killInTurn);
    process.stdout.write(
      `crash sync: ${seen.connector} times a connector was at work, ${seen.publish} times a publish, ${seen.finished} times it was done\n`,
    );
    expect(crash.finish()).toMatchObject({ lost: 0, violations: [] });
  },
  crash.timeoutMs,
);
