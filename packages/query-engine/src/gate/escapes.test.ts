import { afterAll, beforeAll, expect, test } from 'vitest';
import { ALL_WALLS, type EscapeRoom, openEscapeRoom, type Walls } from './corpus/escape-room.ts';
import { readCorpus } from './corpus/read-corpus.ts';

const cases = readCorpus('escapes.sql');
let room: EscapeRoom;
beforeAll(async () => {
  room = await openEscapeRoom();
});
afterAll(() => room[Symbol.asyncDispose]());

async function escapes(walls: Walls, each = 1): Promise<{ tried: number; out: string[] }> {
  const out: string[] = [];
  const some = cases.filter((_, index) => index % each === 0);
  for (const { sql } of some) {
    const told = await room.tryEscape(sql, walls);
    if (told !== undefined) out.push(`${sql}: ${told}`);
  }
  return { tried: some.length, out };
}

test('nothing that is not granted gets out, and nothing is written', async () => {
  expect(cases.length).toBeGreaterThanOrEqual(300);
  const { tried, out } = await escapes(ALL_WALLS);
  process.stdout.write(
    `SQL escapes: ${tried} cases in ${new Set(cases.map(({ family }) => family)).size} families, ${out.length} escapes\n`,
  );
  expect(out).toStrictEqual([]);
});

test('the gate holds where everything else is open', async () => {
  const { tried, out } = await escapes({ gate: true, plan: false, sandbox: false });
  process.stdout.write(`SQL escapes past the gate alone: ${tried} cases, ${out.length} escapes\n`);
  expect(out).toStrictEqual([]);
});

test('the corpus has teeth: with walls taken away it gets out', async () => {
  const each = 16;
  const nothing = await escapes({ gate: false, plan: false, sandbox: false }, each);
  const sandbox = await escapes({ gate: false, plan: false, sandbox: true }, each);
  const plan = await escapes({ gate: false, plan: true, sandbox: false }, each);
  process.stdout.write(
    `SQL escapes without the gate, of ${nothing.tried} cases: no wall ${nothing.out.length}, the sandbox alone ${sandbox.out.length}, ` +
      `the plan alone ${plan.out.length}\n`,
  );
  expect(sandbox.out.length).toBeGreaterThan(0);
  expect(nothing.out.length).toBeGreaterThan(sandbox.out.length);
  expect(nothing.out.length).toBeGreaterThan(plan.out.length);
});
