import { describe, expect, test } from 'vitest';
import { readCommandLine } from './command-line.ts';

const commands = new Map([
  ['start', { words: [] }],
  ['state snapshots', { words: [] }],
  ['state restore', { words: ['NAME'] }],
  ['state copy', { words: [], flags: ['--from', '--to'] }],
  ['break-glass grant-admin', { words: ['EMAIL'], switches: ['--yes'] }],
  ['break-glass list-admins', { words: [] }],
]);
const read = (line: string) => readCommandLine(line.split(' ').filter(Boolean), commands, 'start');

describe('the command line', () => {
  test.each([
    ['', 'start', []],
    ['start', 'start', []],
    ['state snapshots', 'state snapshots', []],
    ['state restore abc', 'state restore', ['abc']],
    ['state copy --from file --to postgres', 'state copy', ['file', 'postgres']],
    ['state copy --to=file --from=postgres', 'state copy', ['postgres', 'file']],
    ['state copy --help', 'help', []],
    ['--help', 'help', []],
    ['start -h', 'help', []],
    ['-V', 'version', []],
  ])('%j is %s', (line, name, words) => {
    expect(read(line)).toEqual({ name, words, switches: new Set() });
  });

  test.each(['break-glass grant-admin a@example.com --yes', 'break-glass grant-admin --yes a@example.com'])(
    'a switch stands anywhere: %s',
    (line) => {
      expect(read(line)).toEqual({
        name: 'break-glass grant-admin',
        words: ['a@example.com'],
        switches: new Set(['--yes']),
      });
    },
  );

  test.each([
    ['strat', 'agnes-server start'],
    ['state', 'agnes-server state restore'],
    ['state restor x', 'agnes-server state restore'],
    ['--verison', 'agnes-server --version'],
    ['state copy --from file', 'Use: agnes-server state copy --from ENGINE --to ENGINE'],
    ['state copy --from --to file', '--from ENGINE'],
    ['state copy --form file', '--from'],
    ['start --from file', '--'],
    ['start --port', 'Settings are environment variables'],
    ['start now', 'Use: agnes-server start'],
    ['state restore', 'Use: agnes-server state restore NAME'],
    ['break-glass', 'agnes-server break-glass list-admins'],
    ['break-glass grant-admin', 'Use: agnes-server break-glass grant-admin EMAIL'],
    ['break-glass grant-admin a@example.com --yess', '--yes'],
    ['break-glass list-admins --yes', '--'],
  ])('%j is a usage error that names what to write', (line, hint) => {
    expect(() => read(line)).toThrowError(
      expect.objectContaining({ code: 'usage', exitCode: 2, hint: expect.stringContaining(hint) }),
    );
  });
});
