import { AgnesError, isAgnesError, messageOf } from '@agnes/errors';
import { nearest } from '../nearest.ts';
import { fileError } from './file-error.ts';

/** Any thrown value as the error that is shown: what the parser refuses is `usage`, what nobody expected says so. */
export function toAgnesError(thrown: unknown, command?: string): AgnesError {
  if (isAgnesError(thrown)) return thrown;
  if (isSuppressed(thrown)) return toAgnesError(thrown.suppressed, command);
  if (isParseError(thrown)) return usageError(thrown, command);
  if (isWorkingFolderGone(thrown)) {
    return new AgnesError('working_folder_gone', 'The folder you are in does not exist any more.', {
      hint: 'Go to one that does: cd ~',
      cause: thrown,
    });
  }
  const file = fileError(thrown);
  if (file !== undefined) return file;
  return new AgnesError('internal_cli_error', `agnes failed in a way it did not expect: ${messageOf(thrown)}`, {
    hint: 'Run it again with AGNES_DEBUG=1 to see where, and report it.',
    cause: thrown,
  });
}

/** What `using` throws when letting go fails after the work has: the work's own error tells more. */
function isSuppressed(thrown: unknown): thrown is Error & { readonly suppressed: unknown } {
  return thrown instanceof Error && thrown.name === 'SuppressedError' && 'suppressed' in thrown;
}

/** What `process.cwd()` throws. */
function isWorkingFolderGone(thrown: unknown): boolean {
  return thrown instanceof Error && 'syscall' in thrown && thrown.syscall === 'uv_cwd';
}

interface ParseError extends Error {
  readonly parse: { readonly input?: { readonly flags?: object }; readonly output?: { readonly flags?: object } };
  readonly flags?: readonly string[];
}

/** Errors of the oclif parser carry what they parsed. */
function isParseError(thrown: unknown): thrown is ParseError {
  return thrown instanceof Error && ('parse' in thrown || 'oclif' in thrown);
}

function usageError(error: ParseError, name: string | undefined): AgnesError {
  const input = error.parse?.input;
  const command = name === undefined ? 'agnes' : `agnes ${name}`;
  const known = Object.keys(input?.flags ?? {}).map((name) => `--${name}`);
  const unknown = error.flags?.find((flag) => flag.startsWith('-'));
  const [close] = unknown === undefined ? [] : nearest(unknown.replace(/=.*/, ''), known, 1);
  const message = withoutIdleNote(error)
    .replace(/\nSee more help with --help$/, '')
    .replace(/^The following errors? occurred:/, '')
    .replaceAll(/\s*\n\s*/g, ' ')
    .trim();
  return new AgnesError('usage', message, {
    hint: close === undefined ? `${command} --help` : `Did you mean ${close}? See: ${command} --help`,
  });
}

/** What the parser says of a missing argument, without its lecture on flags that take several values when none was given. */
function withoutIdleNote({ message, parse }: ParseError): string {
  const [note, named = ''] = /\n\nNote: (.*?) allows? multiple values[\s\S]*$/.exec(message) ?? [];
  const given = Object.keys(parse?.output?.flags ?? {});
  if (note === undefined || given.some((name) => named.split(', ').includes(`--${name}`))) return message;
  return message.replace(note, '');
}
