import { setTimeout as sleep } from 'node:timers/promises';
import { sizeOf } from '@agnes/durable-files';
import { expect, test } from 'vitest';
import { workspacePaths } from '../src/workspace/workspace.ts';
import { ask } from './ask.ts';
import { eachWithServerAndUser, server, user } from './set-up.ts';

const RUNS = 20;
const TABLES = ['a', 'b', 'c'];

eachWithServerAndUser();

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

async function answer(): Promise<string> {
  try {
    return JSON.stringify(await ask(user.folder, generations));
  } catch (error) {
    return `query failed: ${String(error)}`;
  }
}

/** Waits until the new database is being built, and then up to 60 ms more. */
async function aroundTheSwap(): Promise<void> {
  const building = `${workspacePaths.database(user.folder)}.tmp`;
  for (const end = Date.now() + 20_000; (await sizeOf(building)) === undefined && Date.now() < end; ) await sleep(1);
  await sleep(Math.random() * 60);
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
    const anywhere = whole * (0.2 + (0.9 * (run + Math.random())) / RUNS);
    // Every other kill falls into the moments around the swap, which are few.
    await user.run(['pull'], { killAfter: run % 2 === 0 ? anywhere : aroundTheSwap });
    const found = await answer();
    if (found === `[{"gen":${generation}}]`) fresh += 1;
    else if (found === `[{"gen":${generation - 1}}]`) old += 1;
    else violations.push(`run ${run}: ${found}`);
    const next = await user.run(['pull', '--json']);
    if (next.code !== 0) violations.push(`pull after run ${run}: ${next.stderr}`);
    if ((await answer()) !== `[{"gen":${generation}}]`) violations.push(`not converged: ${await answer()}`);
  }
  process.stdout.write(
    `kill -9 during pull: ${RUNS} runs (${old} old, ${fresh} new), ${violations.length} violations\n`,
  );
  expect(violations).toEqual([]);
});
