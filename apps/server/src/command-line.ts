import { AgnesError } from '@agnes/errors';
import { closest, distance } from 'fastest-levenshtein';

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
    if (name === undefined) throw usage(`There is no flag ${flag}.`, adviseOnFlag(flag));
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
  throw usage(`There is no command '${text}'.`, suggest(text, [...commands.keys()]));
}

/** A mistyped flag, or a setting that was taken for one. */
function adviseOnFlag(asked: string): string {
  const known = [...FLAGS.keys()];
  if (distance(asked, closest(asked, known)) <= 2) return suggest(asked, known);
  return `Settings are environment variables, for example PORT=8000. ${EVERYTHING}`;
}

const EVERYTHING = '`agnes-server --help` lists everything.';

function suggest(asked: string, known: readonly string[]): string {
  const begun = known.filter((name) => name.startsWith(`${asked} `));
  const names = begun.length > 0 ? begun : [closest(asked, known)];
  return `Did you mean ${names.map((name) => `\`agnes-server ${name}\``).join(' or ')}? ${EVERYTHING}`;
}

function usage(message: string, hint: string): AgnesError {
  return new AgnesError('usage', message, { hint });
}
