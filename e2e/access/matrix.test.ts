import { operations } from '@agnes/api-contract';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { declared } from './declared.ts';
import { inputs } from './inputs.ts';
import { runMatrix } from './matrix.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.[Symbol.asyncDispose]());

describe('the contract', () => {
  it('says of every operation who may call it', () => {
    const words = ['public', 'visitor', 'caller', 'session', 'admin', 'admin_or_scheduler'];
    for (const [id, { access }] of declared) {
      const known = typeof access === 'object' ? ['table', 'blob'].includes(access.grant) : words.includes(access);
      expect(known, `${id} declares its access as ${JSON.stringify(access)}`).toBe(true);
    }
  });

  it('has a maker of valid input for every operation, and there is none for what is no operation', () => {
    expect(Object.keys(inputs).sort()).toEqual(Object.keys(operations).sort());
  });
});

test('every operation answers every caller as it declares, and a refusal does not tell what exists', async () => {
  const { operations, callers, cells, refused, admitted, pairs, violations } = await runMatrix(world);
  process.stdout.write(
    `access matrix: ${operations} operations × ${callers} callers = ${cells} cells (${refused} refused, ${admitted} admitted), ` +
      `${pairs} pairs of refusals compared, violations: ${violations.length}\n`,
  );
  expect(cells).toBe(operations * callers);
  expect(violations).toEqual([]);
}, 900_000);
