import { beforeEach, expect, test } from 'vitest';
import { createWriteBehind } from './write-behind.ts';

let waiting: string[];
let written: string[][];
let begun: number;
let errors: unknown[];
/** What a write waits for. */
let disk: Promise<void>;

beforeEach(() => {
  waiting = [];
  written = [];
  begun = 0;
  errors = [];
  disk = Promise.resolve();
});

const behind = () =>
  createWriteBehind({
    async writeAll() {
      const batch = [...waiting];
      begun += 1;
      await disk;
      written.push(batch);
      waiting.splice(0, batch.length);
    },
    onError: (error) => errors.push(error),
  });

test('what comes within a moment is written together, without being asked for', async () => {
  const writes = behind();
  for (const one of ['a', 'b', 'c']) {
    waiting.push(one);
    writes.due();
  }
  await expect.poll(() => written).toEqual([['a', 'b', 'c']]);
});

test('what comes while a write is under way is written, too, before it is settled', async () => {
  const writes = behind();
  const { promise, resolve } = Promise.withResolvers<void>();
  disk = promise;
  waiting.push('a');
  const first = writes.settled();
  await expect.poll(() => begun).toBe(1);
  waiting.push('b');
  const second = writes.settled();
  resolve();
  await Promise.all([first, second]);
  expect(written).toEqual([['a'], ['b']]);
});

test('what could not be written is tried again, and a failure is told once', async () => {
  const writes = behind();
  disk = Promise.reject(new Error('full'));
  disk.catch(() => {});
  waiting.push('a');
  writes.due();
  await expect.poll(() => errors.length).toBe(1);
  await expect(writes.settled()).rejects.toThrow('full');
  disk = Promise.resolve();
  await writes.settled();
  expect(written).toEqual([['a']]);
  expect(errors).toHaveLength(1);
});
