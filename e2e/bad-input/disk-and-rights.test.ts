import { execFile } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot, seededRandom, startProcess, type TemporaryFolder, temporaryFolder } from '@agnes/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;
const entry = join(repositoryRoot, 'packages', 'connector-files', 'src', 'run.ts');

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder('agnes-disk-');
  await chmod(folder.path, 0o755);
});
afterAll(() => folder?.[Symbol.asyncDispose]());

interface Message {
  readonly type: string;
  readonly table?: string;
  readonly code?: string;
  readonly message?: string;
  readonly hint?: string;
}

/** Runs the connector over files of `root`, in front of it `wrapper`, as the server runs it. */
async function extract(
  { root, output }: { readonly root: string; readonly output: string },
  tables: Readonly<Record<string, string>>,
  wrapper: readonly string[] = [],
): Promise<Message[]> {
  const request = {
    protocol: 1,
    source: 'local',
    output_dir: output,
    config: { roots: [root] },
    tables: Object.entries(tables).map(([name, source_table]) => ({ id: name, name, source_table })),
  };
  const [file = '', ...args] = [...wrapper, process.execPath, '--conditions=@agnes/source', entry];
  const env = { PATH: process.env.PATH ?? '', TMPDIR: output };
  const connector = await startProcess(file, args, { env, input: `${JSON.stringify(request)}\n` });
  await connector.exited;
  const lines = connector.stdout().trim().split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Message).filter(({ type }) => type.startsWith('table_'));
}

test('a full disk refuses the table that does not fit, with a hint, and leaves room for the next one', async ({
  skip,
}) => {
  const [root, disk] = [join(folder.path, 'files'), join(folder.path, 'disk')];
  await mkdir(root);
  await mkdir(disk);
  const random = seededRandom(1);
  const rows = Array.from(
    { length: 400_000 },
    (_, index) => `${index},${random.integer(0, 2 ** 31)}x${random.integer(0, 2 ** 31)}`,
  );
  await writeFile(join(root, 'large.csv'), `id,v\n${rows.join('\n')}\n`);
  await writeFile(join(root, 'small.csv'), 'id,v\n1,x\n');
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk]).then(
    () => true,
    () => false,
  );
  if (!mounted) {
    process.stdout.write('disk full: skipped, this account may not mount a small disk\n');
    skip();
  }
  try {
    const messages = await extract({ root, output: disk }, { a: 'small.csv', b: 'large.csv', c: 'small.csv' });
    expect(messages).toMatchObject([
      { type: 'table_done', table: 'a' },
      { type: 'table_failed', table: 'b', code: 'storage_full', hint: expect.stringContaining('Free space') },
      { type: 'table_done', table: 'c' },
    ]);
    expect(messages[1]?.message).toContain('large.csv');
    process.stdout.write('disk full: 1 table refused, 2 others published, violations 0\n');
  } finally {
    await run('umount', [disk]);
  }
});

test('what may not be read is refused as such, and not as missing', async ({ skip }) => {
  const [root, output] = [join(folder.path, 'private'), join(folder.path, 'output')];
  await mkdir(join(root, 'closed'), { recursive: true });
  await mkdir(output);
  await chmod(output, 0o777);
  await writeFile(join(root, 'secret.csv'), 'id\n1\n', { mode: 0o600 });
  await writeFile(join(root, 'closed', 'a.csv'), 'id\n1\n');
  await writeFile(join(root, 'open.csv'), 'id\n1\n');
  await chmod(join(root, 'closed'), 0o700);
  if (!isRoot) {
    await chmod(join(root, 'secret.csv'), 0);
    await chmod(join(root, 'closed'), 0);
  }
  // Nothing is denied to root.
  const wrapper = isRoot ? ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'] : [];
  const runs = await run(wrapper[0] ?? process.execPath, [
    ...wrapper.slice(1),
    ...(isRoot ? [process.execPath] : []),
    '--version',
  ]).then(
    () => true,
    () => false,
  );
  if (!runs) {
    process.stdout.write('unreadable files: skipped, Node cannot be run by another account here\n');
    skip();
  }
  const tables = { a: 'secret.csv', b: 'closed/a.csv', c: 'closed/*.csv', d: 'open.csv' };
  const messages = await extract({ root, output }, tables, wrapper);
  if (!isRoot) await chmod(join(root, 'closed'), 0o700);
  expect(messages.map(({ type, table, code }) => [type, table, code])).toStrictEqual([
    ...['a', 'b', 'c'].map((table) => ['table_failed', table, 'source_file_invalid']),
    ['table_done', 'd', undefined],
  ]);
  for (const [index, path] of ['secret.csv', 'closed', 'closed'].entries()) {
    expect(messages[index]?.message).toContain(path);
    expect(messages[index]?.message).toContain('may not be read');
    expect(messages[index]?.hint).toContain('right to read');
  }
  process.stdout.write('unreadable files and folders: 3 refused, 1 other published, violations 0\n');
});
