import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAgnesError } from '@agnes/errors';
import { isAlive } from '@agnes/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Wanted } from './gateway.ts';
import { type TestEngine, testEngine } from './query-engine.test-setup.ts';

let it: TestEngine;
let mallory: string;
let others: string[];

beforeAll(async () => {
  it = await testEngine({ workers: 3, memoryMb: 128, tempMb: 64, timeLimitSeconds: 5, resultMb: 8, perUser: 2 });
  await it.publish('numbers', 'SELECT i AS id, md5(i::VARCHAR) AS text FROM range(300000) t(i)');
  mallory = await it.person('mallory');
  others = [await it.person('ann'), await it.person('bob')];
  for (const name of ['mallory', 'ann', 'bob']) await it.grant(name, 'numbers');
});
afterAll(() => it[Symbol.asyncDispose]());

const JSON_ROWS: Wanted = { format: 'json', limit: 1000 };
const CSV: Wanted = { format: 'csv', limit: null };

/**
 * Those of `npm test`, and those that run too with AGNES_QUERY_ABUSE=all (and AGNES_QUERY_KILLS=<n> for more kills):
 * `AGNES_QUERY_ABUSE=all AGNES_QUERY_KILLS=200 npm test -- --project @agnes/query-engine abuse`
 */
const ALWAYS: readonly (readonly [what: string, sql: string, wanted?: Wanted])[] = [
  ['a text of two gigabytes', "SELECT length(repeat('a', 2000000000))"],
  ['a list of a billion', 'SELECT len(range(0, 1000000000))'],
  ['a scalar that never looks up', "SELECT levenshtein(repeat('ab', 150000), repeat('ba', 150000))"],
  ['endless recursion', 'WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT max(n) FROM t'],
  ['a literal of half a megabyte', `SELECT length('${'x'.repeat(500_000)}')`],
  ['a list of 200,000 literals', `SELECT len([${Array.from({ length: 200_000 }, (_, i) => i % 10).join(',')}])`],
  ['10,000 joins', `SELECT count(*) FROM ${Array.from({ length: 10_000 }, (_, i) => `numbers t${i}`).join(', ')}`],
  ['900 KB of SQL', `SELECT ${Array.from({ length: 60_000 }, (_, i) => `id + ${i} a${i}`).join(', ')} FROM numbers`],
  ['a cross join', 'SELECT sum(a.id * b.id * c.id) FROM numbers a, numbers b, numbers c'],
  ['a regular expression bomb', "SELECT regexp_matches(repeat('a', 5000000), '(a*)*b{1000}c') FROM numbers"],
  ['a result of 100 GB', 'SELECT a.text, b.text AS more FROM numbers a, numbers b', CSV],
  [
    'a sort that spills without end',
    'SELECT a.text, b.id FROM numbers a, range(500) b(id) ORDER BY a.text || b.id DESC',
  ],
];
const RARELY: typeof ALWAYS = [
  ['another one', "SELECT jaro_winkler_similarity(repeat('ab', 300000), repeat('ba', 300000))"],
  [
    'recursion that grows',
    "WITH RECURSIVE t(s) AS (SELECT 'a' UNION ALL SELECT s || s FROM t) SELECT max(length(s)) FROM t",
  ],
  ['brackets in brackets', `SELECT ${'('.repeat(50_000)}1${')'.repeat(50_000)}`],
  ['the same in parquet', 'SELECT a.id, b.text FROM numbers a, numbers b', { format: 'parquet', limit: null }],
  ['wide rows in JSON', "SELECT repeat('x', 1000000) AS x FROM numbers"],
  ['groups without end', 'SELECT count(*) FROM (SELECT a.id, b.id, count(*) FROM numbers a, numbers b GROUP BY ALL)'],
  ['a list of lists', 'SELECT list(list_transform(range(10000), lambda x: x + id)) FROM numbers'],
  ['texts that grow together', "SELECT string_agg(repeat(text, 1000), '') FROM numbers"],
];
const ABUSE = process.env.AGNES_QUERY_ABUSE === 'all' ? [...ALWAYS, ...RARELY] : ALWAYS;

test('whatever one person asks, everybody else is answered meanwhile, and that person gets a typed answer', async () => {
  let asking = true;
  const small = { asked: 0, failed: [] as unknown[], slowest: 0 };
  const readers = others.map(async (user) => {
    while (asking) {
      const started = performance.now();
      try {
        const rows = await it.rows(user, 'SELECT count(*), max(id) FROM numbers WHERE id < 1000');
        if (JSON.stringify(rows) !== '[[1000,999]]') small.failed.push(rows);
      } catch (error) {
        small.failed.push(error);
      }
      small.asked += 1;
      small.slowest = Math.max(small.slowest, performance.now() - started);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });

  const outcomes = new Map<string, number>();
  const untyped: unknown[] = [];
  const waiting = [...ABUSE];
  const attack = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [what, sql, wanted = JSON_ROWS] = next;
      const outcome = await it.engine.gateway.query({ userId: mallory }, sql, wanted).then(
        () => 'answered',
        (error: unknown) => (isAgnesError(error) ? error.code : `untyped: ${what}`),
      );
      if (outcome.startsWith('untyped')) untyped.push(outcome);
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }
  };
  await Promise.all([attack(), attack()]);
  asking = false;
  await Promise.all(readers);

  process.stdout.write(
    `abuse: ${ABUSE.length} statements: ${[...outcomes].map(([code, count]) => `${count} ${code}`).join(', ')}; ` +
      `meanwhile ${small.asked} small queries of others, ${small.failed.length} failed\n`,
  );
  expect(untyped).toStrictEqual([]);
  expect(small.failed).toStrictEqual([]);
  expect(small.asked).toBeGreaterThan(10);
  expect(outcomes.get('answered') ?? 0).toBeLessThan(ABUSE.length / 2);
  await expect.poll(() => readdir(join(it.folder, 'tmp/query/results'))).toStrictEqual([]);
});

test('a worker that dies at any moment costs its own query, with a typed error in time; nothing of it stays', async () => {
  const rounds = Number(process.env.AGNES_QUERY_KILLS ?? 12);
  const outcomes = { answered: 0, typed: 0, untyped: [] as unknown[] };
  const seen = new Set<number>();
  let killing = true;
  const users = [...others, mallory];
  const load = users.map(async (user, index) => {
    while (killing) {
      const wanted = index === 0 ? CSV : JSON_ROWS;
      try {
        const sql = 'SELECT id % 1000 AS g, count(*), max(text) FROM numbers GROUP BY ALL ORDER BY ALL';
        const result = await it.engine.gateway.query({ userId: user }, sql, wanted);
        if (result.kind === 'file') await rm(result.path);
        expect(result.rows).toBe(1000);
        outcomes.answered += 1;
      } catch (error) {
        if (isAgnesError(error)) outcomes.typed += 1;
        else outcomes.untyped.push(error);
      }
    }
  });
  let random = 3;
  let kills = 0;
  for (let round = 0; round < rounds; round += 1) {
    random = (random * 48_271) % 2_147_483_647;
    await new Promise((resolve) => setTimeout(resolve, random % 250));
    const pids = it.engine.pids();
    for (const pid of pids) seen.add(pid);
    const pid = pids[random % Math.max(1, pids.length)];
    if (pid === undefined) continue;
    try {
      process.kill(pid, random % 2 === 0 ? 'SIGKILL' : 'SIGSEGV');
      kills += 1;
    } catch {
      // It has just ended.
    }
  }
  killing = false;
  await Promise.all(load);
  expect(await it.rows(mallory, 'SELECT 1')).toStrictEqual([[1]]);
  process.stdout.write(
    `workers: ${kills} killed under load: ${outcomes.answered} answers, ${outcomes.typed} typed errors, ${outcomes.untyped.length} others\n`,
  );
  expect(kills).toBeGreaterThan(rounds / 2);
  expect(outcomes.untyped).toStrictEqual([]);
  expect(outcomes.answered).toBeGreaterThan(0);
  for (const pid of it.engine.pids()) seen.add(pid);
  await it.reopen();
  const alive = [...seen].filter((pid) => isAlive(pid));
  expect(alive).toStrictEqual([]);
  expect(await readdir(join(it.folder, 'tmp/query/results'))).toStrictEqual([]);
});
