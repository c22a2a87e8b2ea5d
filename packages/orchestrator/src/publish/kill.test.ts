import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nodeCommand } from '@agnes/child-process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type TestServer, testServer } from '../testing/server.test-setup.ts';
import { parquetView, writeExtract, writeParquet } from '../testing/sources.test-setup.ts';

const RUNS = 10;
let server: TestServer;
beforeEach(async () => {
  server = await testServer();
});
afterEach(() => server[Symbol.asyncDispose]());

/** Two tables, of files and of rows, that say the same number. */
function source(value: number): Promise<string> {
  return writeExtract(server.dataDir, 'shop', ['files', 'copied'], async (connection, folder) => {
    for (const part of [1, 2, 3]) {
      const path = join(folder, 'data', `v${value}-${part}.parquet`);
      await writeParquet(connection, path, `SELECT ${value} AS v, random() AS x FROM range(20000)`);
    }
    await parquetView(connection, 'files', `'${folder}/data/v${value}-*.parquet'`);
    await connection.run(`CREATE TABLE copied AS SELECT ${value} AS v, random() AS x FROM range(20000)`);
  });
}

async function valuesSeen(): Promise<(number | undefined)[]> {
  const values: (number | undefined)[] = [];
  for (const name of ['files', 'copied']) {
    const rows = (await server.rows(name)) ?? [];
    const distinct = new Set(rows.map(({ v }) => v));
    expect(distinct.size).toBe(1);
    expect(rows).toHaveLength(name === 'files' ? 60_000 : 20_000);
    values.push(Number([...distinct][0]));
  }
  return values;
}

test.runIf(process.platform === 'linux')(
  `a publish runner killed at a random moment, ${RUNS} times: readers see the old version or the new one`,
  async () => {
    await source(0);
    const start = performance.now();
    await server.orchestrator.rebuildSource('shop');
    const usual = performance.now() - start;
    let shown = 0;
    let killed = 0;
    for (let run = 1; run <= RUNS; run += 1) {
      await source(run);
      const delay = sleep(Math.random() * usual).then(() => killRunnerOf(server.dataDir));
      const names = await server.orchestrator.rebuildSource('shop');
      await delay;
      if (names.length === 0) {
        killed += 1;
        expect((await server.table('files'))?.last_sync_error).toContain('readers keep the last good version');
      } else {
        expect(names).toStrictEqual(['copied', 'files']);
        shown = run;
      }
      expect(await valuesSeen()).toStrictEqual([shown, shown]);
    }
    process.stdout.write(`publish runner: ${RUNS} runs, ${killed} killed in time, violations: 0\n`);
    await source(99);
    expect(await server.orchestrator.rebuildSource('shop')).toStrictEqual(['copied', 'files']);
    expect(await valuesSeen()).toStrictEqual([99, 99]);
  },
);

test('a runner whose server is gone ends by itself', async () => {
  await writeExtract(server.dataDir, 'shop', ['endless'], async (connection) => {
    await connection.run('CREATE VIEW endless AS SELECT count(*) AS n FROM range(1000000000) a, range(1000000000) b');
  });
  const out = join(server.dataDir, 'tmp', 'publish-x');
  await mkdir(out, { recursive: true });
  const { file, args } = nodeCommand(import.meta.resolve('@agnes/orchestrator/publish-runner'));
  const child = spawn(file, args, { stdio: ['pipe', 'ignore', 'ignore'] });
  const ended = once(child, 'exit');
  const request = {
    source: 'shop',
    source_dir: join(server.dataDir, 'extracts', 'shop'),
    out_dir: out,
    blobs_root: join(server.dataDir, 'blobs'),
    known_files: [],
    known_tables: [],
    leave_out: [],
    limits: { memory: '200MB', threads: 1, spill: '1GB' },
  };
  child.stdin.write(`${JSON.stringify(request)}\n`);
  await sleep(500);
  expect(child.exitCode).toBeNull();
  child.stdin.end();
  expect(await ended).toStrictEqual([3, null]);
});

/** Kills the runner that works for this data folder, as it is found from outside. */
async function killRunnerOf(dataDir: string): Promise<void> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    try {
      const [command, folder] = await Promise.all([
        readFile(`/proc/${pid}/cmdline`, 'utf8'),
        readlink(`/proc/${pid}/cwd`),
      ]);
      if (command.includes('publish-runner') && folder.startsWith(dataDir)) process.kill(Number(pid), 'SIGKILL');
    } catch (error) {
      // The process ended while it was looked at.
      if (!(error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH', 'EACCES'].includes(String(error.code))))
        throw error;
    }
  }
}
