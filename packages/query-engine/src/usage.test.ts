import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openState, type State, schema } from '@agnes/state';
import { testState } from '@agnes/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createUsage, type Usage } from './usage.ts';

let folder: string;
let state: State;
/** What the next writes wait for before they happen. */
let held: Promise<void> | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-usage-'));
  state = await openState(await testState(join(folder, 'system.duckdb')));
});
afterAll(async () => {
  await state.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  held = undefined;
  await state.write((tx) => tx.delete(schema.queryUsage));
});

/** With a cap of 100 bytes, and one person held at a time. */
const usageOf = (): Usage =>
  createUsage({
    state: {
      db: state.db,
      write: async (work) => {
        await held;
        return state.write(work);
      },
    },
    dailyBytes: 100,
    onError: () => {},
    now: () => new Date('2026-03-01T12:00:00Z'),
    most: 1,
  });
/** Bytes that somebody had, when they had enough. */
async function capped(usage: Usage, user: string): Promise<unknown> {
  const refusal: unknown = await usage.check(user).then(
    () => undefined,
    (error: unknown) => error,
  );
  return (refusal as { details?: { current?: unknown } } | undefined)?.details?.current;
}

test('what is being written counts, and is not lost when that fails while others come', async () => {
  const usage = usageOf();
  const { promise, reject } = Promise.withResolvers<void>();
  held = promise;
  usage.add('ann', 100);
  const failed = expect(usage.settled()).rejects.toThrow('full');
  expect(await capped(usage, 'ann')).toBe(100);
  for (const user of ['bob', 'cem']) expect(await capped(usage, user)).toBeUndefined();
  reject(new Error('full'));
  await failed;
  held = undefined;
  await usage.settled();
  expect(await capped(usageOf(), 'ann')).toBe(100);
});

test('what somebody had before counts, also when they were forgotten while their query ran', async () => {
  const before = usageOf();
  before.add('ann', 60);
  await before.settled();
  const usage = usageOf();
  expect(await capped(usage, 'ann')).toBeUndefined();
  expect(await capped(usage, 'bob')).toBeUndefined();
  usage.add('ann', 40);
  expect(await capped(usage, 'ann')).toBe(100);
  await usage.settled();
  expect(await capped(usage, 'ann')).toBe(100);
  expect(await state.db.select().from(schema.queryUsage)).toMatchObject([{ user_id: 'ann', queries: 2, bytes: 100 }]);
});
