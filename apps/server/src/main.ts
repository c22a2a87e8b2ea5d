#!/usr/bin/env node
import { AgnesError, messageOf } from '@agnes/errors';
import { readCommandLine } from './command-line.ts';
import { COMMANDS, DEFAULT_COMMAND } from './commands/index.ts';
import { VERSION } from './version.ts';

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = report(error);
}

async function main(args: readonly string[]): Promise<void> {
  const { name, words } = readCommandLine(args, COMMANDS, DEFAULT_COMMAND);
  const command = COMMANDS.get(name);
  if (command === undefined) process.stdout.write(name === 'version' ? `${VERSION}\n` : help());
  else await (await command.load())(words);
}

function help(): string {
  const lines = [...COMMANDS].map(
    ([name, { words, summary }]) => `  ${[name, ...words].join(' ').padEnd(20)} ${summary}`,
  );
  return `agnes-server ${VERSION}: the Agnes server.

${lines.join('\n')}

  ${'--help'.padEnd(20)} Show this.
  ${'--version'.padEnd(20)} Show the version.

All settings come from the environment and from instance.yaml: README.md lists them.
`;
}

/** Tells a person what happened and what to do; a stack only for a mistake of ours. Returns the exit code. */
function report(error: unknown): number {
  if (!(error instanceof AgnesError)) {
    process.stderr.write(
      `agnes-server: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}\n`,
    );
    return 1;
  }
  process.stderr.write(`agnes-server: ${error.message} (${error.code})\n`);
  if (error.hint !== undefined) process.stderr.write(`  ${error.hint}\n`);
  return error.exitCode;
}
