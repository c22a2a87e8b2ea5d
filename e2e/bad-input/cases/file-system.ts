import { execFile } from 'node:child_process';
import { link, mkdir, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Case, published, refused } from '../case.ts';

const run = promisify(execFile);
const TWO = { id: 'BIGINT', v: 'VARCHAR' } as const;
const at = (name: string, make: (path: string) => Promise<unknown>) => async (folder: string) => {
  await make(join(folder, name));
};
const source = 'a.csv';

/** Things in a folder that are no files of rows, or that are not where they should be. */
export const fileSystem: readonly Case[] = [
  {
    name: 'link_inside',
    source,
    bad: async (folder) => {
      await writeFile(join(folder, 'real.csv'), 'id,v\n1,x\n');
      await symlink('real.csv', join(folder, 'a.csv'));
    },
    expected: published(TWO, [{ id: 1, v: 'x' }]),
  },
  {
    name: 'link_outside',
    source,
    bad: at(source, (path) => symlink('/etc/passwd', path)),
    expected: refused('source_path_refused', 'link_outside/a.csv'),
  },
  {
    name: 'link_to_nothing',
    source,
    bad: at(source, (path) => symlink('nothing.csv', path)),
    expected: refused('source_file_not_found', 'link_to_nothing/a.csv'),
  },
  {
    name: 'link_in_a_circle',
    source,
    bad: at(source, (path) => symlink('a.csv', path)),
    expected: refused('source_file_not_found', 'link_in_a_circle/a.csv'),
  },
  {
    name: 'link_to_a_device',
    source,
    bad: at(source, (path) => symlink('/dev/zero', path)),
    expected: refused('source_path_refused', 'link_to_a_device/a.csv'),
  },
  {
    name: 'pipe',
    source,
    bad: at(source, (path) => run('mkfifo', [path])),
    expected: refused('source_file_invalid', 'pipe/a.csv', /pipe|regular/),
  },
  {
    name: 'pipe_in_a_glob',
    source: '*.csv',
    bad: at(source, (path) => run('mkfifo', [path])),
    expected: refused('source_file_invalid', 'pipe_in_a_glob/a.csv', /pipe|regular/),
  },
  {
    name: 'socket',
    source,
    bad: at(source, async (path) => {
      const server = createServer().listen(path).unref();
      await new Promise((resolve) => server.once('listening', resolve));
    }),
    expected: refused('source_file_invalid', 'socket/a.csv', /regular/),
  },
  {
    name: 'folder_named_like_a_file',
    source,
    bad: at(source, (path) => mkdir(path)),
    expected: refused('source_file_not_found', 'folder_named_like_a_file/a.csv'),
  },
  { name: 'vanished', source, bad: async () => {}, expected: refused('source_file_not_found', 'vanished/a.csv') },
  {
    name: 'vanished_from_a_glob',
    source: '*.csv',
    bad: async () => {},
    expected: refused('source_file_not_found', 'vanished_from_a_glob/*.csv'),
  },
  {
    name: 'only_hidden_files',
    source: '*.csv',
    bad: { '.a.csv': 'id,v\n1,x\n' },
    expected: refused('source_file_not_found', 'only_hidden_files/*.csv'),
  },
  {
    name: 'too_many_files',
    source: '*.csv',
    bad: async (folder) => {
      await writeFile(join(folder, '0.csv'), 'id,v\n1,x\n');
      for (let index = 1; index < 60; index += 1) await link(join(folder, '0.csv'), join(folder, `${index}.csv`));
    },
    expected: refused('source_path_refused', 'too_many_files/*.csv', /more than 50 files/),
  },
  {
    name: 'several_formats',
    source: 'a*',
    good: { 'a.csv': 'id,v\n1,good\n' },
    bad: { 'a.csv': 'id,v\n1,x\n', 'a.json': '[{"id":1}]' },
    expected: refused('source_file_invalid', /csv, json/),
  },
  {
    name: 'unknown_format',
    source: 'a.*',
    good: { 'a.csv': 'id,v\n1,good\n' },
    bad: { 'a.xlsx': 'PK' },
    expected: refused('source_file_invalid', 'unknown_format/a.xlsx'),
  },
];
if (process.getuid?.() === 0) {
  (fileSystem as Case[]).push({
    name: 'device',
    source,
    bad: at(source, (path) => run('mknod', [path, 'c', '1', '5'])),
    expected: refused('source_file_invalid', 'device/a.csv', /regular/),
  });
}
