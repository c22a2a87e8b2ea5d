import { AgnesError } from '@agnes/errors';
import { closest, distance } from 'fastest-levenshtein';

/** What a command line asks for. */
export interface Request {
  /** The name of a command, or `help` or `version`. */
  readonly name: string;
  readonly words: readonly string[];
  /** Flags without a value that were given. */
  readonly switches: ReadonlySet<string>;
}

const FLAGS: ReadonlyMap<string, string> = new Map([
  ['--help', 'help'],
  ['-h', 'help'],
  ['--version', 'version'],
  ['-V', 'version'],
]);

/** What a command takes after its name. */
interface Takes {
  readonly words: readonly string[];
  readonly flags?: readonly string[];
  readonly switches?: readonly string[];
}

/**
 * Reads a command line without the program's name. `commands` has, by name, what each command takes; the values of its flags
 * come after its words. Throws `usage` for a command or a flag that there is none of, and for words or values too many or
 * too few.
 */
export function readCommandLine(
  args: readonly string[],
  commands: ReadonlyMap<string, Takes>,
  fallback: string,
): Request {
  const asked = args.length === 0 ? [fallback] : args;
  const [name, takes] =
    [...commands].find(([key]) => key.split(' ').every((part, index) => asked[index] === part)) ?? [];
  const { plain, values, switches, general } = split(asked, takes?.flags ?? [], takes?.switches ?? []);
  if (general !== undefined) return { name: general, words: [], switches };
  if (name === undefined || takes === undefined) {
    const text = asked.slice(0, 2).join(' ');
    throw usage(`There is no command '${text}'.`, suggest(text, [...commands.keys()]));
  }
  const { words, flags = [] } = takes;
  const given = plain.slice(name.split(' ').length);
  const form = `Use: agnes-server ${[name, ...words, ...flags.map((flag) => `${flag} ENGINE`)].join(' ')}`;
  if (given.length !== words.length) {
    throw usage(`\`agnes-server ${name}\` takes ${words.length} words, and was given ${given.length}.`, form);
  }
  const flagged = flags.map((flag) => {
    const value = values.get(flag);
    if (value === undefined) throw usage(`\`agnes-server ${name}\` needs ${flag} with a value.`, form);
    return value;
  });
  return { name, words: [...given, ...flagged], switches };
}

/** Tells words, flags with values (`--from x`, `--from=x`) and the flags of every command apart. */
function split(args: readonly string[], known: readonly string[], bare: readonly string[]) {
  const plain: string[] = [];
  const values = new Map<string, string>();
  const switches = new Set<string>();
  let general: string | undefined;
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? '';
    const [flag = '', ...rest] = arg.split('=');
    if (!arg.startsWith('-')) plain.push(arg);
    else if (bare.includes(arg)) switches.add(arg);
    else if (known.includes(flag)) {
      const next = args[index + 1];
      const value = rest.length > 0 ? rest.join('=') : next;
      if (value !== undefined && !(rest.length === 0 && value.startsWith('-'))) values.set(flag, value);
      if (rest.length === 0 && values.has(flag)) index += 1;
    } else {
      general ??= FLAGS.get(arg);
      if (FLAGS.get(arg) === undefined)
        throw usage(`There is no flag ${arg}.`, adviseOnFlag(arg, [...FLAGS.keys(), ...known, ...bare]));
    }
  }
  return { plain, values, switches, general };
}

/** A mistyped flag, or a setting that was taken for one. */
function adviseOnFlag(asked: string, known: readonly string[]): string {
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
