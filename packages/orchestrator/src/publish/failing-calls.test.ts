import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openFilesystemBlobs } from '@agnes/blobs';
import { AgnesError } from '@agnes/errors';
import { FAILURE_CASES, failCalls, stopFailing } from '@agnes/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { publishRequest } from '../testing/publish-request.test-setup.ts';
import { type TestServer, testServer } from '../testing/server.test-setup.ts';
import { parquetView, writeExtract, writeParquet } from '../testing/sources.test-setup.ts';
import type { PublishMessage, PublishRequest } from './protocol.ts';
import { publishSource } from './publish-source.ts';

/** How many calls of each kind fail, spread evenly; `AGNES_FAULT_RUNS=all` makes each fail. */
const WANTED = process.env.AGNES_FAULT_RUNS ?? '5';
const RUNS = WANTED === 'all' ? Number.POSITIVE_INFINITY : Number(WANTED);

let server: TestServer;
let generation = 0;
beforeEach(async () => {
  server = await testServer();
});
afterEach(async () => {
  stopFailing();
  await server[Symbol.asyncDispose]();
});

/** A table of two files and a table of rows, of one generation. */
async function writeSource(): Promise<void> {
  generation += 1;
  const value = generation;
  await rm(join(server.dataDir, 'extracts', 'shop'), { recursive: true, force: true });
  await writeExtract(server.dataDir, 'shop', ['files', 'copied'], async (connection, folder) => {
    for (const part of [1, 2]) {
      await writeParquet(connection, join(folder, 'data', `${part}.parquet`), `SELECT ${value} AS v, ${part} AS p`);
    }
    await parquetView(connection, 'files', `'${folder}/data/*.parquet'`);
    await connection.run(`CREATE TABLE copied AS SELECT ${value} AS v, range AS p FROM range(2)`);
  });
}

interface Told {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
}

function badlySaid(told: readonly Told[]): string[] {
  return told
    .filter(({ code, message, hint }) => code === 'internal_error' || message.length < 10 || (hint ?? '').length < 10)
    .map((one) => `badly said: ${JSON.stringify(one)}`);
}

/** Files of the store that are not what their name says. */
async function tornBlobs(): Promise<string[]> {
  const root = join(server.dataDir, 'blobs', 'sha256');
  const torn: string[] = [];
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const bytes = await readFile(join(entry.parentPath, entry.name));
    if (createHash('sha256').update(bytes).digest('hex') !== entry.name) torn.push(`torn: ${entry.name}`);
  }
  return torn;
}

interface Run {
  readonly said: string;
  readonly violations: readonly string[];
}

/** Makes calls of `work` fail one after another, and prints what that did. */
async function matrix(name: string, runs: number, work: (begin: () => Promise<void>) => Promise<Run>): Promise<void> {
  const violations: string[] = [];
  const ends = new Map<string, number>();
  let [counted, injected] = [0, 0];
  for (const [code, lasting] of FAILURE_CASES) {
    const plan = { code, folders: [server.dataDir], lasting };
    await work(() => failCalls({ ...plan, nth: 0 }));
    const calls = counts;
    counted += lasting ? 0 : calls;
    for (let at = 1; at <= calls; at += Math.max(1, calls / runs)) {
      const { said, violations: found } = await work(() => failCalls({ ...plan, nth: Math.floor(at) }));
      injected += failedCalls.length > 0 ? 1 : 0;
      ends.set(said, (ends.get(said) ?? 0) + 1);
      violations.push(...found.map((text) => `${code} at ${failedCalls.join(', ')}: ${text}`));
    }
  }
  const outcomes = [...ends].map(([what, many]) => `${what} ${many}`).join(', ');
  process.stdout.write(
    `${name}: ${counted} file-system calls counted, ${injected} faults injected (${outcomes}), violations: ${violations.length}\n`,
  );
  expect(violations).toEqual([]);
}

let counts = 0;
let failedCalls: readonly string[] = [];
function end(): void {
  ({ calls: counts, failed: failedCalls } = stopFailing());
}

/** The runner, in this process. */
async function run(request: PublishRequest): Promise<PublishMessage[] | unknown> {
  const messages: PublishMessage[] = [];
  try {
    for await (const message of publishSource(request)) messages.push(message);
    return messages;
  } catch (error) {
    return error;
  } finally {
    end();
  }
}

function toldBy(messages: readonly PublishMessage[]): Told[] {
  return messages.filter((message) => message.type === 'failed' || message.type === 'problem');
}

function tablesIn(messages: PublishMessage[] | unknown): string {
  if (!Array.isArray(messages)) return String(messages);
  const tables = (messages as PublishMessage[]).filter((message) => message.type === 'table');
  return tables.map(({ name, rows }) => `${name} ${rows}`).join(', ');
}

test('the publish runner in which a file-system call fails: whole blobs, an error that says what to do, and the next run publishes', async () => {
  await matrix('publish runner', RUNS, async (begin) => {
    await writeSource();
    const request = await publishRequest(server.dataDir);
    await begin();
    const messages = await run(request);
    const violations: string[] = [];
    let said = 'published';
    if (!Array.isArray(messages)) {
      said = 'crashed';
      violations.push(`threw ${(messages as Error).stack}`);
    } else {
      const told = toldBy(messages as PublishMessage[]);
      violations.push(...badlySaid(told));
      if (told.length > 0) said = told[0]?.code ?? '';
      else if (tablesIn(messages) !== 'files 2, copied 2') violations.push(`lost in silence: ${tablesIn(messages)}`);
    }
    const failed = failedCalls;
    const before = counts;
    violations.push(...(await tornBlobs()));
    const again = tablesIn(await run(await publishRequest(server.dataDir)));
    if (again !== 'files 2, copied 2') violations.push(`the next run: ${again}`);
    violations.push(...(await tornBlobs()));
    const blobs = await openFilesystemBlobs(request.blobs_root);
    await blobs.sweep(() => true, { olderThan: new Date(Date.now() + 60_000) });
    violations.push(...(await readdir(join(request.blobs_root, 'tmp'))).map((name) => `left behind: ${name}`));
    [counts, failedCalls] = [before, failed];
    return { said, violations };
  });
}, 600_000);

test('a publish in whose server a file-system call fails: readers see the old version or the new one', async () => {
  await writeSource();
  await server.orchestrator.rebuildSource('shop');
  let shown = generation;
  // Each run starts four processes.
  await matrix('publish', WANTED === 'all' ? RUNS : 1, async (begin) => {
    await writeSource();
    await begin();
    const report = await server.orchestrator.publish('shop').catch((error: unknown) => error);
    end();
    const [calls, failed] = [counts, failedCalls];
    const violations: string[] = [];
    let said = 'published';
    if (report instanceof Error) {
      said = report instanceof AgnesError ? report.code : 'raw';
      if (report instanceof AgnesError) violations.push(...badlySaid([report]));
      else violations.push(`threw ${report.stack}`);
    } else {
      const told = (report as { failed: Told[] }).failed;
      violations.push(...badlySaid(told));
      if (told.length > 0) said = told[0]?.code ?? '';
      else shown = generation;
    }
    for (const name of ['files', 'copied']) {
      const values = new Set(((await server.rows(name)) ?? []).map(({ v }) => v));
      if (values.size !== 1 || !values.has(shown)) violations.push(`${name} shows ${[...values].join()}, not ${shown}`);
    }
    const next = await server.orchestrator.rebuildSource('shop');
    shown = generation;
    if (next.join() !== 'copied,files') violations.push(`the next publish: ${next.join()}`);
    await server.orchestrator.sweep();
    violations.push(...(await readdir(join(server.dataDir, 'tmp'))).map((name) => `left behind: ${name}`));
    [counts, failedCalls] = [calls, failed];
    return { said, violations };
  });
}, 600_000);
