import { describe, expect, test } from 'vitest';
import { resolveCommand } from './resolve-command.ts';

const ids = [
  'pull',
  'query',
  'admin:sync',
  'admin:group:add-member',
  'admin:grant:list',
  'auth:login',
  'admin:access:show',
];
ids.push('admin:add-user', 'admin:list-users');

describe('a command line', () => {
  test.each([
    [['pull', '--json'], 'pull', ['--json']],
    [['admin', 'group', 'add-member', 'a', 'b'], 'admin:group:add-member', ['a', 'b']],
    [['admin', 'sync', 'airports', '--no-wait'], 'admin:sync', ['airports', '--no-wait']],
    [['query', 'SELECT 1', '--', '--help'], 'query', ['SELECT 1', '--', '--help']],
  ])('%j is %s', (argv, id, rest) => {
    expect(resolveCommand(argv, ids)).toEqual({ kind: 'command', id, argv: rest });
  });

  test.each([
    [[], undefined],
    [['--help'], undefined],
    [['help'], undefined],
    [['admin'], 'admin'],
    [['admin', 'group', '-h'], 'admin:group'],
    [['help', 'admin', 'sync'], 'admin:sync'],
    [['pull', '--json', '--help'], 'pull'],
  ])('%j asks for help', (argv, id) => {
    expect(resolveCommand(argv, ids)).toEqual({ kind: 'help', id });
  });

  test.each([
    [['pulll'], 'Did you mean: agnes pull'],
    [['adminn'], 'Did you mean: agnes admin'],
    [['admin', 'snc', 'airports'], 'Did you mean: agnes admin sync'],
    [['admin', 'group', 'ad-member', 'a'], 'Did you mean: agnes admin group add-member'],
    [['admin', 'users'], 'Did you mean: agnes admin list-users   agnes admin add-user'],
    [['admin', 'user', 'list'], 'Did you mean: agnes admin list-users   agnes admin add-user'],
    [['admin', 'groups'], 'Did you mean: agnes admin group'],
    [['--jsn'], 'agnes --help'],
    [['frobnicate', 'everything'], 'agnes --help'],
  ])('%j is unknown: %s', (argv, hint) => {
    expect(resolveCommand(argv, ids)).toMatchObject({ kind: 'unknown', hint });
  });
});
