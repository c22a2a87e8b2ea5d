import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { allEnded } from './all-ended.ts';

test('an error is thrown when the others have ended too, and not before', async () => {
  let ended = false;
  const slow = async (): Promise<void> => {
    await turn();
    await turn();
    ended = true;
  };
  const broken = Promise.reject(new Error('broken'));
  await expect(allEnded([broken, slow()])).rejects.toThrow('broken');
  expect(ended).toBe(true);
});

test('results come in the order of the work', async () => {
  expect(await allEnded([turn(1), Promise.resolve(2)])).toEqual([1, 2]);
});
