import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { createClient } from '@agnes/api-client';
import { AgnesError, isErrorCode } from '@agnes/errors';
import { FAILURE_CASES, type FailureCode, failCalls, stopFailing } from '@agnes/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toAgnesError } from '../src/output/to-agnes-error.ts';
import type { PullOutcome } from '../src/pull/outcome.ts';
import { pull } from '../src/pull/pull.ts';
import { storeFolder } from '../src/settings/folders.ts';
import { readWorkspaceFile } from '../src/workspace/workspace.ts';
import { ask } from './ask.ts';
import { type DataServer, startDataServer } from './data-server.ts';
import { createUser, type User } from './user.ts';

const TABLES = ['a', 'b'];
/** How many of the calls of each kind fail, spread evenly; `AGNES_FAULT_RUNS=all` makes each fail. */
const RUNS =
  process.env.AGNES_FAULT_RUNS === 'all' ? Number.POSITIVE_INFINITY : Number(process.env.AGNES_FAULT_RUNS ?? 6);

let server: DataServer;
let user: User;
let generation = 0;

beforeAll(async () => {
  server = await startDataServer();
  user = await createUser();
  await publish();
  await user.run(['init', '--server-url', server.url, '--token', server.token]);
});
afterAll(async () => {
  await user[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** A new version of every table, of the same generation, so that a mixture of two would show. */
async function publish(): Promise<void> {
  generation += 1;
  for (const table of TABLES)
    await server.publish(table, [
      `SELECT range AS id, ${generation} AS gen FROM range(50)`,
      `SELECT range AS id, ${generation} AS gen FROM range(50, 60)`,
    ]);
}

/** `agnes pull`, in this process. */
async function pullHere(): Promise<PullOutcome | AgnesError> {
  try {
    const file = await readWorkspaceFile(user.folder);
    if (file === undefined) throw new Error('The workspace is gone.');
    return await pull({
      workspace: { root: user.folder, file },
      server: server.url,
      client: createClient({ server: server.url, token: server.token }),
      store: { root: storeFolder(user.env) },
      parallel: 2,
      stallMs: 30_000,
      skipMaterialize: false,
      progress: { start() {}, bytes() {}, phase() {} },
    });
  } catch (error) {
    return toAgnesError(error);
  }
}

const seen = `SELECT DISTINCT gen, count(*) AS n FROM (${TABLES.map((table) => `SELECT gen FROM ${table}`).join(' UNION ALL ')}) GROUP BY gen`;

async function generationShown(): Promise<number | string> {
  const rows = await ask(user.folder, seen).catch((error: unknown) => [{ failed: String(error) }]);
  const [row] = rows as { gen: number; n: number }[];
  return rows.length === 1 && row?.n === 60 * TABLES.length ? row.gen : JSON.stringify(rows);
}

/** What nobody needs any more: files that only a pull at work may have. */
async function leftovers(): Promise<string[]> {
  const found: string[] = [];
  for (const root of [user.folder, storeFolder(user.env)]) {
    for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
      const path = relative(root, join(entry.parentPath, entry.name));
      if (/\.tmp|\.next$|\.holder$|\.part$|\.wal$|^tmp./.test(path)) found.push(path);
    }
  }
  return found;
}

function isWellSaid({ code, message, hint }: { code: string; message: string; hint?: string | undefined }): boolean {
  return isErrorCode(code) && code !== 'internal_cli_error' && message.length > 10 && (hint ?? '').length > 10;
}

/** The violations of one pull in which the nth call fails, and of the one after it. */
async function runOne(
  code: FailureCode,
  nth: number,
  lasting: boolean,
): Promise<{ said: string; violations: string[]; failed: readonly string[] }> {
  const old = generation;
  await publish();
  await failCalls({ code, folders: [user.folder, storeFolder(user.env)], nth, lasting });
  const outcome = await pullHere();
  const { failed } = stopFailing();
  const violations: string[] = [];
  let said = 'done';
  if (outcome instanceof AgnesError) {
    said = outcome.code;
    if (!isWellSaid(outcome))
      violations.push(
        `badly said: ${outcome.code}: ${outcome.message} → ${outcome.hint}\n${(outcome.cause as Error | undefined)?.stack}`,
      );
  } else if (outcome.errors.length > 0) {
    said = outcome.errors.map((error) => error.code).join('+');
    for (const error of outcome.errors)
      if (!isWellSaid({ ...error, hint: 'see pull_incomplete' }))
        violations.push(`badly said: ${JSON.stringify(error)}`);
  }
  const shown = await generationShown();
  if (shown !== old && shown !== generation) violations.push(`shows ${shown} instead of ${old} or ${generation}`);
  if (said === 'done' && shown !== generation) violations.push(`claims to be done and shows ${shown}`);
  const next = await pullHere();
  if (next instanceof AgnesError || next.errors.length > 0)
    violations.push(`the next pull: ${JSON.stringify(next)} ${next instanceof AgnesError ? next.message : ''}`);
  if ((await generationShown()) !== generation) violations.push(`did not converge: ${await generationShown()}`);
  if ((await leftovers()).length > 0) {
    // The folder of downloads of a pull that failed is taken over by the next one that downloads.
    await publish();
    await pullHere();
    violations.push(...(await leftovers()).map((path) => `left behind: ${path}`));
  }
  return { said, violations: violations.map((text) => `${code} at ${failed.join(', ')}: ${text}`), failed };
}

test('a pull in which a file-system call fails: the old tables or the new, an error that says what to do, and the next pull arrives', async () => {
  const violations: string[] = [];
  let [injected, counted] = [0, 0];
  const outcomes = new Map<string, number>();
  for (const [code, lasting] of FAILURE_CASES) {
    await publish();
    await failCalls({ code, folders: [user.folder, storeFolder(user.env)], nth: 0 });
    await pullHere();
    const { calls } = stopFailing();
    counted += lasting ? 0 : calls;
    const step = Math.max(1, calls / RUNS);
    for (let at = 1; at <= calls; at += step) {
      const run = await runOne(code, Math.floor(at), lasting);
      injected += run.failed.length > 0 ? 1 : 0;
      outcomes.set(run.said, (outcomes.get(run.said) ?? 0) + 1);
      violations.push(...run.violations);
    }
  }
  const ends = [...outcomes].map(([what, many]) => `${what} ${many}`).join(', ');
  process.stdout.write(
    `pull: ${counted} file-system calls counted, ${injected} faults injected (${ends}), violations: ${violations.length}\n`,
  );
  expect(violations).toEqual([]);
}, 600_000);
