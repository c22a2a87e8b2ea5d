import { expect, test } from 'vitest';
import { breed, MUTANTS } from './leaks/mutants.ts';
import { walk, walkText } from './leaks/walk.ts';
import { startWorld } from './world.ts';

const STEPS = 2_000;
const CAREFUL = { bystanders: 2, doors: [0.5, 0] } as const;
const seed = Number(process.env.AGNES_LEAKS_SEED ?? Math.floor(Math.random() * 2 ** 31));

test('no sequence of grants, revokes, memberships, policies and deactivations lets anybody see more or less than is due, on any door', async () => {
  await using world = await startWorld();
  const result = await walk(world, { steps: STEPS, seed, lanes: 2, bystanders: 1, doors: [0.25, 0.01] });
  process.stdout.write(walkText('random access', seed, result));
  expect(result.wrong, `seed ${seed}`).toEqual([]);
  expect(result.leaks).toBe(0);
  expect(result.steps).toBeGreaterThanOrEqual(STEPS);
}, 900_000);

test.each(MUTANTS)(
  'the walk notices when $name',
  async (mutant) => {
    await using program = await breed(mutant);
    await using world = await startWorld({ program });
    const result = await walk(world, { ...CAREFUL, steps: 400, seed, lanes: 1, untilWrong: true });
    process.stdout.write(`broken on purpose, ${mutant.name}: noticed at step ${result.steps}\n`);
    expect(result.leaks + result.otherWrong, 'wrong answers').toBeGreaterThan(0);
  },
  300_000,
);
