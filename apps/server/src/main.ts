#!/usr/bin/env node
import { AgnesError } from '@agnes/errors';
import { readCommandLine } from './command-line.ts';
import { COMMANDS, DEFAULT_COMMAND } from './commands/index.ts';
import { VERSION } from './version.ts';

const WIDTH = 48;

try {
  await main(process.argv.slice(2));
} catch (error) {
  // Whatever a start that failed has left open must not keep the process.
  process.stderr.write(describe(error), () => process.exit(error instanceof AgnesError ? error.exitCode : 1));
}

async function main(args: readonly string[]): Promise<void> {
  const { name, words, switches } = readCommandLine(args, COMMANDS, DEFAULT_COMMAND);
  const command = COMMANDS.get(name);
  if (command === undefined) process.stdout.write(name === 'version' ? `${VERSION}\n` : help());
  else await (await command.load())(words, { switches });
}

function help(): string {
  const lines = [...COMMANDS].map(
    ([name, { words, flags = [], switches = [], summary }]) =>
      `  ${[name, ...words, ...flags.map((flag) => `${flag} ENGINE`), ...switches.map((flag) => `[${flag}]`)].join(' ').padEnd(WIDTH)} ${summary}`,
  );
  return `agnes-server ${VERSION}: the Agnes server.

${lines.join('\n')}

  ${'--help'.padEnd(WIDTH)} Show this.
  ${'--version'.padEnd(WIDTH)} Show the version.

Without a command it is the same as start. All settings come from the environment and from instance.yaml:
docs/operator/environment.md lists them.
`;
}

/** What happened and what to do, for a person; a stack only for a mistake of ours. */
function describe(error: unknown): string {
  if (!(error instanceof AgnesError)) {
    return `agnes-server: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
  }
  return `agnes-server: ${error.message} (${error.code})\n${error.hint === undefined ? '' : `  ${error.hint}\n`}`;
}
