// The walk: a random change, then every door is asked by several people, and the very next answer has to agree with the model.
import { type Random, seededRandom } from '@agnes/testkit';
import type { World } from '../world.ts';
import { type Holder, type Lane, makeLanes } from './lane.ts';
import { ask, READERS, type Reader } from './readers.ts';
import { chooseStep, type Step } from './steps.ts';

export interface WalkOptions {
  readonly steps: number;
  readonly seed: number;
  /** Walks side by side, each with tables, groups and people of its own. */
  readonly lanes: number;
  /** People who are asked after each step, beside whom it is about. */
  readonly bystanders: number;
  /** Doors that each of them is asked at: a cheap one with the first probability, one that starts a worker with the second. */
  readonly doors: readonly [cheap: number, costly: number];
  /** Ends the walk at the first wrong answer. */
  readonly untilWrong?: boolean;
  readonly onProgress?: (steps: number, asked: number, wrong: number) => void;
}

export interface WalkResult {
  readonly steps: number;
  readonly asked: number;
  readonly byReader: ReadonlyMap<string, number>;
  /** Answers that said more than is due. */
  readonly leaks: number;
  /** Answers that said less than is due, or something else. */
  readonly otherWrong: number;
  /** The first wrong answers, in words. */
  readonly wrong: readonly string[];
}

/** Wrong answers that are told in words. */
const MOST_TOLD = 20;

export async function walk(world: World, options: WalkOptions): Promise<WalkResult> {
  const lanes = await makeLanes(world, options.lanes);
  const byReader = new Map<string, number>();
  const wrong: string[] = [];
  let [steps, asked, leaks, otherWrong] = [0, 0, 0, 0];
  const isOver = (): boolean => steps >= options.steps || (options.untilWrong === true && wrong.length > 0);

  await Promise.all(
    lanes.map(async (lane, index) => {
      const random = seededRandom(options.seed + index);
      const etags = new Map<string, { etag: string; seen: string }>();
      while (!isOver()) {
        steps += 1;
        const at = steps;
        const step = chooseStep(lane, random);
        await step.take();
        for (const person of askedAfter(step, lane, options, random)) {
          for (const reader of doorsOf(options, random)) {
            const table = random.next() < 0.6 ? lane.tables.find(({ name }) => name === step.table) : undefined;
            const question = { lane, person, key: keyOf(person, random), table: table ?? random.pick(lane.tables) };
            const { right, leaks: leaking, text } = await ask(reader, question, { etags, random });
            asked += 1;
            byReader.set(reader.operation, (byReader.get(reader.operation) ?? 0) + 1);
            if (right) continue;
            if (leaking) leaks += 1;
            else otherWrong += 1;
            const { scope } = question.key;
            const who = `${person.email} (${scope}) asks ${reader.operation} about ${question.table.name}`;
            if (wrong.length < MOST_TOLD) wrong.push(`step ${at}, ${step.name}: ${who}: ${text}`);
          }
        }
        if (at % 500 === 0) options.onProgress?.(at, asked, leaks + otherWrong);
      }
    }),
  );
  return { steps, asked, byReader, leaks, otherWrong, wrong };
}

function askedAfter(
  { person }: Step,
  { people }: Lane,
  { bystanders }: WalkOptions,
  random: Random,
): ReadonlySet<Holder> {
  const asked = new Set<Holder>(person === undefined ? [] : [person]);
  while (asked.size < bystanders + (person === undefined ? 0 : 1)) asked.add(random.pick(people));
  return asked;
}

function doorsOf({ doors: [cheap, costly] }: WalkOptions, random: Random): Reader[] {
  return READERS.filter((reader) => random.next() < (reader.costly === true ? costly : cheap));
}

/** Mostly one that works for everything. */
function keyOf({ keys }: Holder, random: Random) {
  const general = keys.filter(({ scope, dead }) => !dead && (scope === 'general' || scope === 'session'));
  const from = random.next() < 0.7 && general.length > 0 ? general : keys;
  const key = from[random.integer(0, from.length - 1)];
  if (key === undefined) throw new Error('A person without any credential.');
  return key;
}

export function walkText(
  name: string,
  seed: number,
  { steps, asked, byReader, leaks, otherWrong }: WalkResult,
): string {
  const doors = [...byReader].map(([reader, count]) => `${reader} ${count}`).sort();
  return (
    `${name}: ${steps} steps, ${asked} questions (${doors.join(', ')}), ` +
    `leaks: ${leaks}, other wrong answers: ${otherWrong} (seed ${seed})\n`
  );
}
