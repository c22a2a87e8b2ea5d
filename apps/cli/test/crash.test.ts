import { afterEach, beforeEach, expect, test } from 'vitest';
import { runQuery } from '../src/query/run-query.ts';
import { workspacePaths } from '../src/workspace/workspace.ts';
import { type DataServer, startDataServer } from './data-server.ts';
import { createUser, type User } from './user.ts';

const RUNS = 20;
const TABLES = ['a', 'b', 'c'];

let server: DataServer;
let user: User;

beforeEach(async () => {
  server = await startDataServer();
  user = await createUser();
});
afterEach(async () => {
  await user[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** Every table gets the same generation, so that a mixture of two pulls would show. */
async function publish(generation: number): Promise<void> {
  for (const [index, table] of TABLES.entries()) {
    const parts = [0, 1].map(
      (part) =>
        `SELECT range AS id, md5((range + ${generation * 7 + part + index})::VARCHAR) AS text, ${generation} AS gen FROM range(2000)`,
    );
    await server.publish(table, parts);
  }
}

const generations = `SELECT DISTINCT gen FROM (${TABLES.map((table) => `SELECT gen FROM ${table}`).join(' UNION ALL ')})`;

/** What `agnes query` answers, without the start of a process. */
async function ask(): Promise<string> {
  try {
    await using answer = await runQuery(workspacePaths.database(user.folder), generations, 0);
    const rows = [];
    for await (const chunk of answer.rows) rows.push(...chunk);
    return JSON.stringify(rows);
  } catch (error) {
    return `query failed: ${String(error)}`;
  }
}

test('a pull killed at any moment leaves the old tables or the new, and the next one arrives', async () => {
  await publish(0);
  await user.run(['init', '--server-url', server.url, '--token', server.token]);
  const started = performance.now();
  await publish(1);
  await user.json(['pull']);
  const whole = performance.now() - started;

  const violations: string[] = [];
  let [old, fresh] = [0, 0];
  for (let run = 0; run < RUNS; run += 1) {
    const generation = run + 2;
    await publish(generation);
    // The later half of a pull is where the database is built and swapped.
    const after = whole * (0.2 + (0.9 * (run + Math.random())) / RUNS);
    await user.run(['pull'], { killAfter: after });
    const answer = await ask();
    if (answer === `[{"gen":${generation}}]`) fresh += 1;
    else if (answer === `[{"gen":${generation - 1}}]`) old += 1;
    else violations.push(`killed after ${Math.round(after)} ms: ${answer}`);
    const next = await user.run(['pull', '--json']);
    if (next.code !== 0) violations.push(`pull after a kill at ${Math.round(after)} ms: ${next.stderr}`);
    if ((await ask()) !== `[{"gen":${generation}}]`) violations.push(`not converged: ${await ask()}`);
  }
  process.stdout.write(
    `kill -9 during pull: ${RUNS} runs (${old} old, ${fresh} new), ${violations.length} violations\n`,
  );
  expect(violations).toEqual([]);
});
