import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { minimalEnvironment, type RunningProcess, repositoryRoot, startProcess, temporaryFolder } from '@agnes/testkit';
import { expect, it } from 'vitest';

function startDemo(...args: string[]): Promise<RunningProcess> {
  const script = join(repositoryRoot, 'scripts', 'demo.ts');
  return startProcess(process.execPath, [script, ...args], { cwd: repositoryRoot, env: minimalEnvironment() });
}

interface Summary {
  readonly tables: { name: string; rows: number; parts: number; bytes: number }[];
  readonly pull: { files: number; bytes: number; seconds: number };
  readonly query: { sql: string; rows: Record<string, unknown>[] };
}

it('runs the loop, prints its summary as JSON and nothing else on stdout, and serves until it is interrupted', async () => {
  await using folder = await temporaryFolder();
  await using demo = await startDemo('--json', '--serve', '--data-dir', folder.path);
  await expect.poll(() => / until Ctrl-C/.test(demo.stderr()) || !demo.isRunning(), { timeout: 120_000 }).toBe(true);
  expect(demo.isRunning(), demo.stderr()).toBe(true);

  const summary = JSON.parse(demo.stdout()) as Summary;
  const rows = Object.fromEntries(summary.tables.map((table) => [table.name, table.rows]));
  expect(rows).toMatchObject({ flights: 3_000_000, airports: 3_376, seattle_weather: 1_461, unemployment: 3_218 });
  expect(rows).not.toHaveProperty('movies');
  expect(demo.stderr()).toContain('movies, which is not granted');
  expect(summary.pull.files).toBe(summary.tables.reduce((sum, { parts }) => sum + parts, 0));
  expect(summary.pull.bytes).toBe(summary.tables.reduce((sum, { bytes }) => sum + bytes, 0));
  expect(summary.query.rows).toHaveLength(5);
  expect(summary.query.rows[0]).toMatchObject({ origin: 'ORD' });

  const file = join(folder.path, 'demo.json');
  if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
  const { server, dataDir, admin, analyst, workspace } = JSON.parse(readFileSync(file, 'utf8'));
  expect(dataDir).toBe(folder.path);
  expect(existsSync(workspace)).toBe(true);
  for (const { email, token } of [admin, analyst]) {
    const me = await fetch(`${server}/api/me`, { headers: { authorization: `Bearer ${token}` } });
    expect(await me.json()).toMatchObject({ email });
  }
  expect((await demo.stop()).code).toBe(0);
  await expect(fetch(`${server}/healthz`)).rejects.toThrow();
}, 180_000);

it('interrupted in the middle, stops its server and says so', async () => {
  await using folder = await temporaryFolder();
  await using demo = await startDemo('--data-dir', folder.path);
  await expect.poll(() => /listens on (\S+)/.test(demo.stderr()), { timeout: 30_000 }).toBe(true);
  const url = /listens on (\S+)/.exec(demo.stderr())?.[1];
  expect((await demo.stop()).code).toBe(143);
  expect(demo.stderr()).toContain('Interrupted');
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
});

it('refuses what it does not understand, with its usage and exit code 2', async () => {
  for (const args of [['--nonsense'], ['--port', 'x'], ['stray'], ['--data-dir', repositoryRoot]]) {
    await using demo = await startDemo(...args);
    expect((await demo.exited).code, args.join(' ')).toBe(2);
    expect(demo.stdout()).toBe('');
  }
});
