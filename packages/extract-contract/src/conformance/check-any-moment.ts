import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '@agnes/errors';
import { readExtract } from '../reader.ts';
import { type Check, noneWrong, skipped } from './check.ts';
import { type Context, finish, type RunOnce, start } from './connector-runs.ts';
import { type Content, differences, readContent } from './read-sandboxed.ts';
import { isCommand } from './run-subject.ts';

// Whatever happens while a connector runs, its readers have a whole extract.

const TERMINATE_WITHIN_MS = 10_000;

export async function checkReaders(name: string, context: Context, content: Content, run: RunOnce): Promise<Check> {
  const wrong: string[] = [];
  let reads = 0;
  let running = true;
  const read = async (): Promise<void> => {
    do {
      reads += 1;
      try {
        wrong.push(...differences(content, await readContent(context.folder)));
      } catch (error) {
        wrong.push(messageOf(error));
      }
    } while (running);
  };
  const reading = read();
  try {
    await run();
  } finally {
    running = false;
    await reading;
  }
  const hint = 'Build extract.duckdb beside the old one, close it, and rename it; never change a file that it names.';
  return noneWrong(name, wrong, `${reads} reads.`, hint);
}

export async function checkKills(name: string, context: Context, content: Content): Promise<Check> {
  const { kills = 6, subject, root, folder } = context;
  if (!isCommand(subject)) return skipped(name, 'The connector runs in this process.', 'Give its command.');
  if (kills === 0) return skipped(name, 'No kills were asked for.');
  const wrong: string[] = [];
  let killed = 0;
  const { durationMs } = await finish(context, await start(context, {}));
  for (let kill = 1; kill <= kills; kill += 1) {
    // Every third time there is no extract yet.
    const fresh = kill % 3 === 0;
    const place = fresh ? join(root, `fresh_${kill}`) : folder;
    const run = await start(context, { folder: place });
    await sleep((durationMs * kill) / (kills + 1));
    run.kill?.();
    const end = await finish(context, run);
    if (end.signal !== null) killed += 1;
    const found = await contentIfAny(place);
    if (fresh && found === undefined) continue;
    const partial = fresh ? new Map([...content].filter(([table]) => found?.has(table))) : content;
    wrong.push(...differences(partial, found ?? new Map()).map((what) => `Kill ${kill}: ${what}`));
  }
  const hint =
    'Write everything under new names and rename extract.duckdb last; see "Writing it safely" in the contract.';
  if (killed === 0 && wrong.length === 0)
    return skipped(name, 'Each run ended before its kill.', 'Give larger tables.');
  return noneWrong(name, wrong, `Killed ${killed} times of ${kills}; nothing lost.`, hint);
}

async function contentIfAny(folder: string): Promise<Content | undefined> {
  try {
    await readExtract(folder);
  } catch (error) {
    if ((error as { code?: unknown }).code === 'extract_missing') return undefined;
    throw error;
  }
  return readContent(folder);
}

export async function checkTerminate(name: string, context: Context, content: Content): Promise<Check> {
  if (process.platform === 'win32') return skipped(name, 'There is no SIGTERM on Windows.');
  const { durationMs } = await finish(context, await start(context, {}));
  const run = await start(context, {});
  await sleep(durationMs / 2);
  run.stop();
  const end = await finish(context, run, TERMINATE_WITHIN_MS);
  const wrong = differences(content, await readContent(context.folder));
  const how = end.code === null ? `signal ${end.signal}` : `exit code ${end.code}`;
  return noneWrong(name, wrong, `Ended with ${how}.`, 'Leave the old extract as it is when asked to stop.');
}
