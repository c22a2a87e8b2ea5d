import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Config, Plugin } from '@oclif/core/config';

/**
 * Writes `oclif.manifest.json`: what each command is called and takes, and which bundled file it is in. With it, `agnes`
 * loads the file of the one command that runs.
 */
export async function writeManifest(root: string): Promise<void> {
  const path = join(root, 'oclif.manifest.json');
  const plugin = new Plugin({ root, isRoot: true, type: 'core', ignoreManifest: true, errorOnManifestCreate: true });
  await plugin.load();
  const { version, commands } = plugin.manifest;
  await writeFile(`${path}.next`, `${JSON.stringify({ version, commands })}\n`);
  await rename(`${path}.next`, path);
  // The manifest is only right when the CLI reads back from it what it was made of.
  const config = await Config.load({ root });
  if (config.commandIDs.length < Object.keys(commands).length) throw new Error('The manifest lost commands.');
}
