import { appendFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ALL_WALLS, type EscapeRoom, openEscapeRoom } from './corpus/escape-room.ts';
import { generator } from './corpus/generate.ts';
import { readCorpus } from './corpus/read-corpus.ts';

// `pnpm fuzz:sql` gives minutes and a seed, and collects the figures.
const seconds = Number(process.env.AGNES_FUZZ_SECONDS ?? '6');
const seed = Number(process.env.AGNES_FUZZ_SEED ?? Math.floor(Math.random() * 1e9));
const report = process.env.AGNES_FUZZ_REPORT;

let room: EscapeRoom;
beforeAll(async () => {
  room = await openEscapeRoom();
});
afterAll(() => room[Symbol.asyncDispose]());

const honest = readCorpus('honest.sql');
const hostile = readCorpus('escapes.sql');

test(
  'no statement that is made of honest and hostile parts gets anything out',
  async () => {
    const next = generator(honest, hostile, seed);
    const onlyGate = { gate: true, plan: false, sandbox: false };
    const end = Date.now() + seconds * 1000;
    const out: string[] = [];
    let cases = 0;
    let ran = 0;
    // In turns, so that the gate is tried without what stands behind it too.
    for (const walls of [ALL_WALLS, onlyGate]) {
      const stop = walls === ALL_WALLS ? end - (seconds * 1000) / 2 : end;
      while (Date.now() < stop) {
        const sql = next();
        const told = await room.tryEscape(sql, walls);
        if (told !== undefined) out.push(`${JSON.stringify(sql)}: ${told}`);
        if (room.ran) ran += 1;
        cases += 1;
      }
    }
    const row = { cases, ran, escapes: out.length, seed, seconds };
    process.stdout.write(
      `generated SQL: ${cases} cases, ${ran} of them ran, ${out.length} escapes; seed ${seed}, ${seconds} s\n`,
    );
    if (report !== undefined) await appendFile(report, `${JSON.stringify(row)}\n`);
    expect(out.slice(0, 10)).toStrictEqual([]);
    expect(ran).toBeGreaterThan(0);
    expect(ran).toBeLessThan(cases);
  },
  seconds * 1000 + 60_000,
);

test('a seed makes the same statements again, and they would get out of a room without walls', async () => {
  const [one, two] = [generator(honest, hostile, 7), generator(honest, hostile, 7)];
  let out = 0;
  for (let index = 0; index < 40; index += 1) {
    const sql = one();
    expect(two()).toBe(sql);
    const told = await room.tryEscape(sql, { gate: false, plan: false, sandbox: true });
    if (told !== undefined) out += 1;
  }
  process.stdout.write(`generated SQL without gate and plan: 40 cases, ${out} escapes\n`);
  expect(out).toBeGreaterThan(0);
});
