import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgnesError } from '@agnes/errors';
import { Config } from '@oclif/core/config';
import { wantsJson } from './command.ts';
import { allowClosing } from './output/print-result.ts';
import { reportError } from './output/report-error.ts';
import { resolveCommand } from './resolve-command.ts';

/** Runs one command line (without `node` and the script) and sets the exit code. Prints everything, throws nothing. */
export async function main(argv: readonly string[]): Promise<void> {
  allowClosing(process.stdout);
  allowClosing(process.stderr);
  let command: string | undefined;
  try {
    const config = await loadConfig(join(import.meta.dirname, '..'));
    const resolved = resolveCommand(
      argv,
      config.commands.filter((command) => !command.hidden).map((command) => command.id),
    );
    if (resolved.kind === 'unknown') {
      throw new AgnesError('usage', `There is no command 'agnes ${resolved.words}'.`, { hint: resolved.hint });
    }
    if (resolved.kind === 'help') {
      const { showHelp } = await import('./show-help.ts');
      await showHelp(config, resolved.id);
      return;
    }
    command = resolved.id.replaceAll(':', ' ');
    await config.runCommand(resolved.id, [...resolved.argv]);
  } catch (error) {
    process.exitCode = reportError(error, { json: wantsJson(argv), command });
  }
}

/** With package.json at hand oclif does not go looking for it. */
async function loadConfig(root: string): Promise<Config> {
  // Else oclif asks the system for the login shell, which fails for users without an account.
  process.env.SHELL ??= '';
  const pjson = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  return await Config.load({ root, pjson });
}
