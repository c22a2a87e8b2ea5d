import { expect, test } from 'vitest';
import { createVersionCache } from './version-cache.ts';

test('what is held is read once until the counter moves, also when as many names are held as may be', async () => {
  let version = 1;
  const reads: string[] = [];
  const cache = createVersionCache<string>({ version: async () => version }, 'access_version', 2);
  const get = (name: string): Promise<string> =>
    cache(name, async () => {
      reads.push(name);
      return `${name}${version}`;
    });
  for (const name of ['a', 'b', 'a', 'b']) expect(await get(name)).toBe(`${name}1`);
  expect(reads).toEqual(['a', 'b']);
  await get('c'); // One too many: all others are forgotten.
  await get('c');
  await get('a');
  expect(reads).toEqual(['a', 'b', 'c', 'a']);
  version = 2;
  expect(await get('a')).toBe('a2');
});
