import { setTimeout as sleep } from 'node:timers/promises';
import { readTextIfThere } from '@agnes/durable-files';
import { AgnesError } from '@agnes/errors';
import * as v from 'valibot';
import { takeOsLock } from './os-lock.ts';
import { workspacePaths } from './workspace.ts';

const holder = v.object({ pid: v.number(), command: v.string(), since: v.string() });

/** Makes this process the only one that changes the workspace. Throws `workspace_busy`, naming who does. */
export async function lockWorkspace(root: string, command: string): Promise<AsyncDisposable> {
  const note = `${workspacePaths.lock(root)}.holder`;
  const text = JSON.stringify({ pid: process.pid, command, since: new Date().toISOString() });
  const lock = await takeOsLock(workspacePaths.lock(root), { holder: { file: note, text } });
  if (lock === undefined) throw await busy(root, note);
  return lock;
}

async function busy(root: string, note: string): Promise<AgnesError> {
  let who = await readHolder(note);
  // Between taking the lock and writing its name the holder needs a moment.
  for (let tried = 0; tried < 10 && !who.success; tried += 1) {
    await sleep(50);
    who = await readHolder(note);
  }
  const name = who.success
    ? `'${who.output.command}' (process ${who.output.pid}, since ${who.output.since})`
    : 'Another agnes command';
  return new AgnesError('workspace_busy', `${name} is working in ${root}.`, {
    hint: 'Wait until it has finished, then run the command again.',
    details: who.success ? { holder: who.output } : {},
  });
}

async function readHolder(note: string) {
  return v.safeParse(v.pipe(v.string(), v.parseJson(), holder), await readTextIfThere(note));
}
