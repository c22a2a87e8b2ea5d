import { join } from 'node:path';
import { readTextIfThere, writeFileAtomically } from '@agnes/durable-files';
import { AGENT_SETTINGS, agentInstructions, LOCAL_NOTES, type TemplateFacts, workspaceReadme } from './templates.ts';

/** Writes the files of a workspace that people and agents read. Returns the backups it made of files that were there. */
export async function writeWorkspaceFiles(root: string, facts: TemplateFacts, now: Date): Promise<string[]> {
  const backups = [await replace(root, 'CLAUDE.md', agentInstructions(facts), now)];
  await writeFileAtomically(join(root, 'AGNES_WORKSPACE.md'), workspaceReadme(facts));
  await writeIfAbsent(join(root, '.claude', 'CLAUDE.local.md'), LOCAL_NOTES);
  await writeIfAbsent(join(root, '.claude', 'settings.json'), `${JSON.stringify(AGENT_SETTINGS, undefined, 2)}\n`);
  return backups.filter((backup) => backup !== undefined);
}

/** What stood there is somebody's: it is kept beside, under the time. */
async function replace(root: string, name: string, content: string, now: Date): Promise<string | undefined> {
  const path = join(root, name);
  const old = await readTextIfThere(path);
  if (old === content) return undefined;
  const stamp = now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const backup = old === undefined ? undefined : `${name}.bak.${stamp}`;
  if (old !== undefined && backup !== undefined) await writeFileAtomically(join(root, backup), old);
  await writeFileAtomically(path, content);
  return backup;
}

async function writeIfAbsent(path: string, content: string): Promise<void> {
  if ((await readTextIfThere(path)) === undefined) await writeFileAtomically(path, content);
}
