import { AgnesError } from '@agnes/errors';
import { closest } from 'fastest-levenshtein';

/** What a command line asks for. */
export interface Request {
  /** The name of a command, or `help` or `version`. */
  readonly name: string;
  readonly words: readonly string[];
}

const FLAGS: ReadonlyMap<string, string> = new Map([
  ['--help', 'help'],
  ['-h', 'help'],
  ['--version', 'version'],
  ['-V', 'version'],
]);

/**
 * Reads a command line without the program's name. `commands` has, by name, what each command takes. Throws `usage` for a
 * command or a flag that there is none of, and for words too many or too few.
 */
export function readCommandLine(
  args: readonly string[],
  commands: ReadonlyMap<string, { readonly words: readonly string[] }>,
  fallback: string,
): Request {
  for (const flag of args.filter((arg) => arg.startsWith('-'))) {
    const name = FLAGS.get(flag);
    if (name === undefined) throw usage(`There is no flag ${flag}.`, suggest(flag, FLAGS.keys()));
    return { name, words: [] };
  }
  const asked = args.length === 0 ? [fallback] : args;
  for (const [name, { words }] of commands) {
    const parts = name.split(' ');
    if (!parts.every((part, index) => asked[index] === part)) continue;
    const given = asked.slice(parts.length);
    if (given.length === words.length) return { name, words: given };
    throw usage(
      `\`agnes-server ${name}\` takes ${words.length} words, and was given ${given.length}.`,
      `Use: agnes-server ${[name, ...words].join(' ')}`,
    );
  }
  const text = asked.slice(0, 2).join(' ');
  throw usage(`There is no command '${text}'.`, suggest(text, commands.keys()));
}

function suggest(asked: string, known: Iterable<string>): string {
  return `Did you mean \`agnes-server ${closest(asked, [...known])}\`? \`agnes-server --help\` lists everything.`;
}

function usage(message: string, hint: string): AgnesError {
  return new AgnesError('usage', message, { hint });
}
