import { nearest } from './nearest.ts';

export type Resolved =
  | { readonly kind: 'command'; readonly id: string; readonly argv: readonly string[] }
  | { readonly kind: 'help'; readonly id: string | undefined }
  | { readonly kind: 'unknown'; readonly words: string; readonly hint: string };

const HELP_FLAGS = new Set(['--help', '-h']);

/**
 * Which command a command line means. Ids have colons (`auth:login`), command lines spaces. The longest id that the leading
 * words spell wins; words that stop at a topic ask for its help.
 */
export function resolveCommand(argv: readonly string[], ids: readonly string[]): Resolved {
  const end = argv.indexOf('--');
  const asksHelp = (end === -1 ? argv : argv.slice(0, end)).some((word) => HELP_FLAGS.has(word));
  const given = argv[0] === 'help' ? argv.slice(1) : argv;
  const flag = given.findIndex((word) => word.startsWith('-'));
  const words = flag === -1 ? given : given.slice(0, flag);

  for (let length = words.length; length > 0; length -= 1) {
    const id = words.slice(0, length).join(':');
    if (ids.includes(id)) {
      return asksHelp || argv[0] === 'help' ? { kind: 'help', id } : { kind: 'command', id, argv: given.slice(length) };
    }
  }
  const asked = words.join(':');
  if (words.length === 0 && flag !== -1 && !asksHelp) {
    return { kind: 'unknown', words: given.join(' '), hint: 'agnes --help' };
  }
  if (words.length === 0 || ids.some((id) => id.startsWith(`${asked}:`))) {
    return { kind: 'help', id: words.length === 0 ? undefined : asked };
  }
  return { kind: 'unknown', words: words.join(' '), hint: suggest(words, ids) };
}

function suggest(words: readonly string[], ids: readonly string[]): string {
  const about = namesakes(words, ids);
  if (about.length > 0) return `Did you mean: ${about.map((path) => `agnes ${path}`).join('   ')}`;
  for (let length = Math.min(3, words.length); length > 0; length -= 1) {
    const candidates = ids.map((id) => id.split(':').slice(0, length)).filter((path) => path.length === length);
    const known = candidates.map((path) => path.join(' '));
    const [close] = nearest(words.slice(0, length).join(' '), known, 1);
    if (close !== undefined) return `Did you mean: agnes ${close}`;
  }
  return 'agnes --help';
}

/** Commands that do something with the thing that was named where a command was expected: for `admin users` those of users. */
function namesakes(words: readonly string[], ids: readonly string[]): string[] {
  for (let length = Math.min(3, words.length); length > 1; length -= 1) {
    const topic = `${words.slice(0, length - 1).join(':')}:`;
    const thing = singular(words[length - 1] ?? '');
    const names = ids.filter((id) => id.startsWith(topic)).map((id) => id.slice(topic.length).split(':')[0] ?? '');
    const about = [...new Set(names)].filter((name) => name.split('-').some((part) => singular(part) === thing));
    if (about.length === 0 || names.includes(words[length - 1] ?? '')) continue;
    const listsFirst = about.sort((a, b) => Number(b.startsWith('list-')) - Number(a.startsWith('list-')));
    return listsFirst.slice(0, 4).map((name) => [...words.slice(0, length - 1), name].join(' '));
  }
  return [];
}

const singular = (word: string): string => word.toLowerCase().replace(/s$/, '');
