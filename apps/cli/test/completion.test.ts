import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createUser, type User } from './user.ts';

let user: User;
beforeAll(async () => {
  user = await createUser();
});
afterAll(() => user[Symbol.asyncDispose]());

const run = promisify(execFile);
const find = (names: readonly string[]): string | undefined =>
  names
    .flatMap((name) => ['/usr/bin', '/bin', '/usr/local/bin', '/opt/homebrew/bin'].map((folder) => join(folder, name)))
    .find(existsSync);
const bash = find(['bash']);

async function script(shell: string): Promise<string> {
  const { code, stdout, stderr } = await user.run(['completion', shell]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const path = join(user.folder, `agnes.${shell}`);
  await writeFile(path, stdout);
  return path;
}

describe.runIf(bash !== undefined)('in bash', () => {
  let path: string;
  beforeAll(async () => {
    path = await script('bash');
  });

  test.each([
    ['pu', 'pull'],
    ['admin gr', 'grant group'],
    ['admin group ', 'add-member create delete list members remove-member rename'],
    ['pull --dr', '--dry-run'],
    ['query "SELECT 1" --format ', 'csv json ndjson parquet table'],
    ['query -f c', 'csv'],
    ['admin sync airports --no-', '--no-wait'],
    ['completion ', '--help --json bash fish powershell zsh'],
    ['catalog --server ', ''],
    ['zzz', ''],
  ])('agnes %s⇥ offers %s', async (line, offers) => {
    const words = ['agnes', ...line.split(/ (?=(?:[^"]*"[^"]*")*[^"]*$)/)].map((word) => `'${word}'`).join(' ');
    const ask = `. '${path}'; COMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]}-1)); _agnes; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = await run(bash ?? '', ['--norc', '-c', ask]);
    expect(stderr).toBe('');
    expect(stdout.trim().split('\n').sort().join(' ')).toBe(offers);
  });

  test('it is what bash calls for agnes', async () => {
    const { stdout } = await run(bash ?? '', ['--norc', '-c', `. '${path}'; complete -p agnes`]);
    expect(stdout).toBe('complete -o default -F _agnes agnes\n');
  });
});

test.each([
  ['zsh', find(['zsh']), ['-n']],
  ['fish', find(['fish']), ['--no-execute']],
] as const)('the script for %s knows every command and parses, where the shell is', async (shell, file, check) => {
  const path = await script(shell);
  if (file !== undefined) await run(file, [...check, path]);
  const { stdout } = await user.run(['completion', shell]);
  expect(stdout).toMatch(/"admin group"/);
  expect(stdout).toMatch(/--dry-run/);
});

test('the script for PowerShell knows every command and parses, where the shell is', async () => {
  const path = await script('powershell');
  const pwsh = find(['pwsh']);
  if (pwsh !== undefined) await run(pwsh, ['-NoProfile', '-Command', `. '${path}'`]);
  const { stdout } = await user.run(['completion', 'powershell']);
  expect(stdout).toContain("'admin group' = @('add-member', 'create'");
});

test('another shell is wrong usage, and help tells how to install', async () => {
  expect((await user.run(['completion', 'tcsh'])).code).toBe(2);
  const { stdout } = await user.run(['completion', '--help']);
  for (const place of ['~/.bashrc', '$fpath', 'fish/completions', '$PROFILE']) expect(stdout).toContain(place);
});
