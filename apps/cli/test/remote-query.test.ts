import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunningServer, startServer, writeTree } from '@agnes/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createUser, type User } from './user.ts';

let server: RunningServer;
let admin: User;

beforeAll(async () => {
  [server, admin] = await Promise.all([
    startServer({ env: { AGNES_ROLE: 'api', AGNES_QUERY_MAX_ROWS: '20' } }),
    createUser(),
  ]);
  await writeTree(join(server.dataDir, 'files'), { 'airports.csv': 'iata,city,n\nPRG,"Prague, CZ",1\nBRQ,Brno,2\n' });
  const login = ['auth', 'login', '--server', server.url, '--email', server.admin.email, '--password-stdin'];
  await admin.json(login, { input: server.admin.password });
  await admin.json(['admin', 'register-table', 'airports', '--source-type', 'local', '--source-table', 'airports.csv']);
  await admin.json(['admin', 'sync']);
  await admin.json(['admin', 'add-user', 'ann@example.com', '--password-stdin'], { input: 'a long pass phrase 1' });
});
afterAll(() => Promise.all([server?.[Symbol.asyncDispose](), admin?.[Symbol.asyncDispose]()]));

const remote = (...args: string[]) => admin.run(['query', '--remote', ...args]);

test('a query on the server prints as a local one does, and needs no workspace', async () => {
  expect(await remote('--format', 'json', 'SELECT iata, n FROM airports ORDER BY n')).toMatchObject({
    code: 0,
    stdout: '[\n{"iata":"PRG","n":1},\n{"iata":"BRQ","n":2}\n]\n',
    stderr: '',
  });
  expect((await remote('SELECT iata FROM airports ORDER BY n')).stdout).toMatch(/iata\s+PRG\s+BRQ/);
  expect((await remote('--format', 'csv', 'SELECT city, n FROM airports ORDER BY n')).stdout).toBe(
    'city,n\n"Prague, CZ",1\nBrno,2\n',
  );
  const cut = await remote('--limit', '1', '--json', 'SELECT iata, 1 AS a, 2 AS a FROM airports ORDER BY n');
  expect(cut).toMatchObject({
    stdout: '[\n{"iata":"PRG","a":1,"a:1":2}\n]\n',
    stderr: expect.stringContaining('Truncated at 1'),
  });
  expect((await remote('--json', 'SELECT * FROM airports WHERE false')).stdout).toBe('[]\n');
});

test('asks for what the server allows, and a limit beyond it is refused with the name of the flag', async () => {
  const plain = await remote('--json', 'SELECT * FROM range(30)');
  expect(plain).toMatchObject({ code: 0, stderr: expect.stringContaining('Truncated at 20 rows') });
  expect(JSON.parse(plain.stdout)).toHaveLength(20);
  const refused = await remote('--limit', '21', 'SELECT 1');
  expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('(--limit 20)') });
  expect((await remote('--format', 'csv', 'SELECT * FROM range(1500)')).stdout.split('\n')).toHaveLength(1502);
});

test('a file is written whole under its name, or not at all', async () => {
  const written = await remote('--format', 'parquet', '-o', 'out.parquet', '--limit', '0', 'SELECT * FROM airports');
  expect(written).toMatchObject({
    code: 0,
    stdout: '',
    stderr: expect.stringMatching(/^2 rows, \d+ bytes: out\.parquet/),
  });
  expect((await readFile(join(admin.folder, 'out.parquet'))).subarray(-4).toString()).toBe('PAR1');
  const failed = await remote('--format', 'csv', '-o', 'none.csv', 'SELECT nosuch FROM airports');
  expect(failed).toMatchObject({ code: 2, stderr: expect.stringContaining('nosuch') });
  expect(existsSync(join(admin.folder, 'none.csv'))).toBe(false);
  expect((await remote('--format', 'ndjson', 'SELECT n FROM airports ORDER BY n')).stdout).toBe('{"n":1}\n{"n":2}\n');
});

test('what is wrong ends with its code, and an administrator can look as somebody else', async () => {
  expect(await remote('SELECT * FROM airprots')).toMatchObject({
    code: 8,
    stderr: expect.stringContaining('airports'),
  });
  expect((await remote('SELECT 1\n  FROM airports WHERE citty = 1')).stderr).toContain(
    '  at line 2, column 23:\n      FROM airports WHERE citty = 1\n                          ^\n',
  );
  expect(await remote('DROP TABLE airports')).toMatchObject({ code: 2 });
  expect(await remote('--as', 'ann@example.com', 'SELECT * FROM airports')).toMatchObject({ code: 8 });
  expect(await remote('--limit', '0', 'SELECT 1')).toMatchObject({ code: 2 });
  expect(await admin.run(['query', '--format', 'parquet', 'SELECT 1'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('--remote'),
  });
});
