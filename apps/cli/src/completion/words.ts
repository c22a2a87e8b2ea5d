import type { Config } from '@oclif/core/config';

/** What can follow on a command line, by the words before it. */
export interface CompletionWords {
  /** Topic or command path (`''`, `admin group`, `pull`) to the words that can follow: subcommands, or flags. */
  readonly next: ReadonlyMap<string, readonly string[]>;
  /** `<path> <flag>` to the values of the flag or, where any value is fine, nothing. */
  readonly values: ReadonlyMap<string, readonly string[]>;
}

/** Reads from the manifest what every shell's script is made of. Hidden commands and flags stay out. */
export function completionWords(config: Pick<Config, 'commands'>): CompletionWords {
  const next = new Map<string, Set<string>>([['', new Set(['help', '--help', '--version'])]]);
  const values = new Map<string, readonly string[]>();
  for (const command of config.commands.filter(({ hidden }) => hidden !== true)) {
    const words = command.id.split(':');
    for (const [index, word] of words.entries()) at(next, words.slice(0, index).join(' ')).add(word);
    const path = words.join(' ');
    const own = at(next, path);
    for (const arg of Object.values(command.args)) for (const option of arg.options ?? []) own.add(option);
    for (const flag of Object.values(command.flags).filter(({ hidden }) => hidden !== true)) {
      const names = [`--${flag.name}`, ...(flag.char === undefined ? [] : [`-${flag.char}`])];
      for (const name of names) {
        own.add(name);
        if (flag.type === 'option') values.set(`${path} ${name}`, flag.options ?? []);
      }
      if (flag.type === 'boolean' && flag.allowNo === true) own.add(`--no-${flag.name}`);
    }
    own.add('--help');
  }
  return { next: new Map([...next].map(([path, words]) => [path, [...words].sort()])), values };
}

function at(next: Map<string, Set<string>>, path: string): Set<string> {
  const words = next.get(path) ?? new Set();
  next.set(path, words);
  return words;
}
