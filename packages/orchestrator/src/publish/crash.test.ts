import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Blob, openFilesystemBlobs } from '@agnes/blobs';
import {
  type BundledProgram,
  bundleProgram,
  type CrashLane,
  crashTest,
  type FoundProcess,
  processesIn,
  type RunningProcess,
  startProcess,
  temporaryFolder,
} from '@agnes/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parquetView, rowsOfParts, writeExtract, writeParquet } from '../testing/sources.test-setup.ts';

const PUBLISHER = fileURLToPath(new URL('../testing/publisher.test-setup.ts', import.meta.url));
const ROWS = { files: 200, copied: 100 } as const;
const TABLES = ['files', 'copied'] as const;
const SWEEP_EVERY = 10;

interface Look {
  readonly current: Readonly<Record<string, { readonly parts: readonly Blob[] } | undefined>>;
  readonly live: readonly string[];
}

const NOTHING: Look = { current: {}, live: [] };

/** A publishing process that is killed and started again over one data folder. */
interface Publisher {
  ask<T>(command: string): Promise<T | undefined>;
  kill(): Promise<void>;
}

let program: BundledProgram;
beforeAll(async () => {
  program = await bundleProgram(PUBLISHER);
});
afterAll(() => program?.[Symbol.asyncDispose]());

async function startPublisher(dataDir: string): Promise<Publisher> {
  let answers = 0;
  const child: RunningProcess = await startProcess(process.execPath, [...program.args, dataDir], {
    env: program.env,
    keepStdin: true,
  });
  await child.waitForLine((line) => line === 'ready');
  return {
    async ask<T>(command: string) {
      answers += 1;
      const own = `${answers} `;
      child.write(`${own}${command}\n`);
      try {
        return JSON.parse((await child.waitForLine((line) => line.startsWith(own))).slice(own.length)) as T;
      } catch (error) {
        if (!child.isRunning()) return undefined;
        throw error;
      }
    },
    kill: () => child.kill('SIGKILL').then(() => undefined),
  };
}

/** Two tables, of files and of rows, that say the same number. */
function writeSource(dataDir: string, value: number): Promise<string> {
  return writeExtract(dataDir, 'shop', ['files', 'copied'], async (connection, folder) => {
    for (const part of [1, 2]) {
      const path = join(folder, 'data', `v${value}-${part}.parquet`);
      await writeParquet(connection, path, `SELECT ${value} AS v, random() AS x FROM range(100)`);
    }
    await parquetView(connection, 'files', `'${folder}/data/v${value}-*.parquet'`);
    await connection.run(`CREATE TABLE copied AS SELECT ${value} AS v, random() AS x FROM range(100)`);
  });
}

/** What readers get, by table. */
type Seen = Readonly<Record<keyof typeof ROWS, number>>;

/** The number that readers get of each table; a violation when a part is damaged, or a version torn. */
async function valuesSeen(dataDir: string, { current }: Look, violate: (what: string) => void): Promise<Seen> {
  const blobs = await openFilesystemBlobs(join(dataDir, 'blobs'));
  const seen = { files: Number.NaN, copied: Number.NaN };
  for (const name of TABLES) {
    const parts = current[name]?.parts ?? [];
    for (const { sha256 } of parts) if (!(await blobs.verify(sha256))) violate(`${name} has a damaged part`);
    const rows = await rowsOfParts(dataDir, parts);
    if (rows.length !== ROWS[name]) violate(`${name} has ${rows.length} rows`);
    const values = new Set(rows.map(({ v }) => Number(v)));
    if (values.size === 1) seen[name] = [...values][0] ?? Number.NaN;
    else violate(`readers of ${name} get ${[...values].join(' and ')}`);
  }
  return seen;
}

const crash = crashTest('publish', 50);
const killed = { publisher: 0, runner: 0, late: 0 };
const swept = { sweeps: 0, blobs: 0, kept: 0 };

async function killInTurn(dataDir: string, { random, next }: CrashLane): Promise<void> {
  let publisher = await startPublisher(dataDir);
  await writeSource(dataDir, 0);
  await publisher.ask('publish');
  const began = performance.now();
  await writeSource(dataDir, 1);
  await publisher.ask('publish');
  const usual = performance.now() - began;
  let shown: Seen = { files: 1, copied: 1 };
  for (let value = 2; next(); value += 1) {
    await writeSource(dataDir, value);
    // The server's start costs the most of a round, so it is killed less often.
    const victim = random.pick<'publisher' | 'runner'>(['publisher', 'runner', 'runner']);
    const published = publisher.ask<string[]>('publish');
    let done = false;
    void published.then(() => {
      done = true;
    });
    let runners = await runnersIn(dataDir);
    while (victim === 'runner' && runners.length === 0 && !done) runners = await runnersIn(dataDir);
    await sleep(random.next() * usual * (victim === 'runner' ? 0.7 : 1));
    if (victim === 'runner') for (const { pid } of runners) endNow(pid);
    else await publisher.kill();
    const names = await published;
    killed[victim === 'runner' && names?.length === TABLES.length ? 'late' : victim] += 1;
    crash.acknowledge(names?.length ?? 0);
    if (victim === 'publisher') {
      await untilGone(dataDir);
      publisher = await startPublisher(dataDir);
      const left = (await readdir(join(dataDir, 'tmp'))).filter((name) => !name.startsWith('no-'));
      if (left.length > 0) crash.violate(`the start left ${left.join(', ')}`);
    }
    const look = await publisher.ask<Look>('look');
    const seen = await valuesSeen(dataDir, look ?? NOTHING, crash.violate);
    for (const name of TABLES) {
      const [is, was] = [seen[name], shown[name]];
      if (names?.includes(name) === true && is !== value) crash.lose(1);
      if (is !== value && is !== was) crash.violate(`readers of ${name} get ${is}, not ${was} or ${value}`);
    }
    // A runner that dies at a table costs that table alone; what one transaction publishes appears together.
    const together = victim === 'publisher' && shown.files === shown.copied;
    if (together && seen.files !== seen.copied) crash.violate(`readers get ${seen.files} and ${seen.copied}`);
    shown = seen;
    if (value % SWEEP_EVERY === 0) {
      await publisher.ask('publish');
      shown = { files: value, copied: value };
      await checkSweep(dataDir, publisher, value);
    }
  }
  await publisher.ask('publish');
  await publisher.kill();
  await untilGone(dataDir);
}

async function runnersIn(dataDir: string): Promise<FoundProcess[]> {
  return (await processesIn(dataDir)).filter(({ command }) => command.includes('publish-runner'));
}

/** Puts down what crashes leave, sweeps, and compares what is left with what readers may name. */
async function checkSweep(dataDir: string, publisher: Publisher, value: number): Promise<void> {
  const temporary = join(dataDir, 'blobs', 'tmp', `put-left-${value}`);
  await writeFile(temporary, 'half of a blob');
  const report = await publisher.ask<{ blobs: number }>('sweep');
  const look = await publisher.ask<Look>('look');
  const there = await blobsIn(dataDir);
  const missing = (look?.live ?? []).filter((sha256) => !there.has(sha256));
  const orphans = [...there].filter((sha256) => look?.live.includes(sha256) !== true);
  if (missing.length > 0) crash.violate(`${missing.length} blobs that readers may name were swept`);
  if (orphans.length > 0) crash.violate(`${orphans.length} orphan blobs are left`);
  const left = await readdir(join(dataDir, 'blobs', 'tmp'));
  if (left.length > 0) crash.violate(`${left.join(', ')} is left`);
  const seen = await valuesSeen(dataDir, look ?? NOTHING, crash.violate);
  if (TABLES.some((name) => seen[name] !== value)) crash.violate('it did not converge');
  swept.sweeps += 1;
  swept.blobs += report?.blobs ?? 0;
  swept.kept += there.size;
}

async function blobsIn(dataDir: string): Promise<Set<string>> {
  const files = await readdir(join(dataDir, 'blobs', 'sha256'), { recursive: true, withFileTypes: true });
  return new Set(files.filter((file) => file.isFile()).map(({ name }) => name));
}

/** Waits until nothing that a killed process started runs any more. */
async function untilGone(dataDir: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const left = await processesIn(dataDir);
    if (left.length === 0) return;
    if (performance.now() > deadline) {
      crash.violate(`${left.map(({ command }) => command).join(', ')} still runs`);
      for (const { pid } of left) endNow(pid);
    }
    await sleep(20);
  }
}

function endNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

test.runIf(process.platform === 'linux')(
  'kill -9 of the publish runner or of its server at random moments: readers get a whole version of each table, and the next start tidies up',
  async () => {
    await crash.inLanes(2, async (lane) => {
      await using folder = await temporaryFolder('agnes-publish-crash-');
      await mkdir(join(folder.path, 'state'), { recursive: true });
      await killInTurn(folder.path, lane);
    });
    const { publisher, runner, late } = killed;
    process.stdout.write(
      `crash publish: killed ${publisher} servers, ${runner} runners, ${late} too late; ` +
        `${swept.sweeps} sweeps took ${swept.blobs} orphan blobs and left ${swept.kept}\n`,
    );
    expect(crash.finish()).toMatchObject({ lost: 0, violations: [] });
  },
  crash.timeoutMs,
);
