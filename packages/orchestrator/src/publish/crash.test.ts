import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Blob, openFilesystemBlobs } from '@agnes/blobs';
import {
  CRASH_COMPILE_CACHE,
  type CrashLane,
  crashTest,
  type FoundProcess,
  minimalEnvironment,
  processesIn,
  type RunningProcess,
  startProcess,
  temporaryFolder,
} from '@agnes/testkit';
import { expect, test } from 'vitest';
import { parquetView, rowsOfParts, writeExtract, writeParquet } from '../testing/sources.test-setup.ts';

const PUBLISHER = fileURLToPath(new URL('../testing/publisher.test-setup.ts', import.meta.url));
const ROWS = { files: 2000, copied: 1000 } as const;
const SWEEP_EVERY = 10;

interface Look {
  readonly current: Readonly<Record<string, { readonly parts: readonly Blob[] } | undefined>>;
  readonly live: readonly string[];
}

/** A publishing process that is killed and started again over one data folder. */
interface Publisher {
  ask<T>(command: string): Promise<T | undefined>;
  kill(): Promise<void>;
}

async function startPublisher(dataDir: string): Promise<Publisher> {
  let answers = 0;
  const child: RunningProcess = await startProcess(
    process.execPath,
    ['--conditions=@agnes/source', PUBLISHER, dataDir],
    { env: { ...minimalEnvironment(), NODE_COMPILE_CACHE: CRASH_COMPILE_CACHE }, keepStdin: true },
  );
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
      await writeParquet(connection, path, `SELECT ${value} AS v, random() AS x FROM range(1000)`);
    }
    await parquetView(connection, 'files', `'${folder}/data/v${value}-*.parquet'`);
    await connection.run(`CREATE TABLE copied AS SELECT ${value} AS v, random() AS x FROM range(1000)`);
  });
}

/** The number that readers get of both tables; a violation when a part is damaged, or a version torn. */
async function valueSeen(dataDir: string, { current }: Look, violate: (what: string) => void): Promise<number> {
  const blobs = await openFilesystemBlobs(join(dataDir, 'blobs'));
  const values = new Set<unknown>();
  for (const [name, count] of Object.entries(ROWS)) {
    const parts = current[name]?.parts ?? [];
    for (const { sha256 } of parts) if (!(await blobs.verify(sha256))) violate(`${name} has a damaged part`);
    const rows = await rowsOfParts(dataDir, parts);
    if (rows.length !== count) violate(`${name} has ${rows.length} rows`);
    for (const { v } of rows) values.add(v);
  }
  if (values.size !== 1) violate(`readers get ${[...values].join(' and ')}`);
  return Number([...values][0]);
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
  let shown = 1;
  for (let value = 2; next(); value += 1) {
    await writeSource(dataDir, value);
    const victim = random.pick<'publisher' | 'runner'>(['publisher', 'runner']);
    const published = publisher.ask<string[]>('publish');
    let done = false;
    void published.then(() => {
      done = true;
    });
    let runners = await runnersIn(dataDir);
    while (victim === 'runner' && runners.length === 0 && !done) runners = await runnersIn(dataDir);
    await sleep(random.next() * usual * (victim === 'runner' ? 0.5 : 1));
    if (victim === 'runner') for (const { pid } of runners) endNow(pid);
    else await publisher.kill();
    killed[runners.length === 0 && victim === 'runner' ? 'late' : victim] += 1;
    const names = await published;
    const acknowledged = names !== undefined && names.length > 0;
    if (acknowledged) crash.acknowledge(1);
    if (victim === 'publisher') {
      await untilGone(dataDir);
      publisher = await startPublisher(dataDir);
      const left = (await readdir(join(dataDir, 'tmp'))).filter((name) => !name.startsWith('no-'));
      if (left.length > 0) crash.violate(`the start left ${left.join(', ')}`);
    }
    const look = await publisher.ask<Look>('look');
    const seen = look === undefined ? Number.NaN : await valueSeen(dataDir, look, crash.violate);
    if (acknowledged && seen !== value) crash.lose(1);
    if (seen !== value && seen !== shown) crash.violate(`readers get ${seen}, not ${shown} or ${value}`);
    shown = seen;
    if (value % SWEEP_EVERY === 0) {
      await publisher.ask('publish');
      shown = value;
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
  if ((await valueSeen(dataDir, look ?? { current: {}, live: [] }, crash.violate)) !== value)
    crash.violate('it did not converge');
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
  'kill -9 of the publish runner or of its server at random moments: readers get one whole version, and the next start tidies up',
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
