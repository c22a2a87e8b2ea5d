import { rm } from 'node:fs/promises';
import { AgnesError } from '@agnes/errors';
import * as v from 'valibot';
import { readTextIfThere } from '../settings/read-file.ts';
import { writeFileAtomically } from '../settings/write-file.ts';
import { takeOsLock } from './os-lock.ts';
import { workspacePaths } from './workspace.ts';

const holder = v.object({ pid: v.number(), command: v.string(), since: v.string() });

/** Makes this process the only one that changes the workspace. Throws `workspace_busy`, naming who does. */
export async function lockWorkspace(root: string, command: string): Promise<AsyncDisposable> {
  const note = `${workspacePaths.lock(root)}.holder`;
  const lock = await takeOsLock(workspacePaths.lock(root));
  if (lock === undefined) throw await busy(root, note);
  await writeFileAtomically(note, JSON.stringify({ pid: process.pid, command, since: new Date().toISOString() }));
  return {
    async [Symbol.asyncDispose]() {
      await rm(note, { force: true });
      await lock.release();
    },
  };
}

async function busy(root: string, note: string): Promise<AgnesError> {
  const text = await readTextIfThere(note);
  const who = v.safeParse(v.pipe(v.string(), v.parseJson(), holder), text);
  const name = who.success
    ? `'${who.output.command}' (process ${who.output.pid}, since ${who.output.since})`
    : 'Another agnes command';
  return new AgnesError('workspace_busy', `${name} is working in ${root}.`, {
    hint: 'Wait until it has finished, then run the command again.',
    details: who.success ? { holder: who.output } : {},
  });
}
