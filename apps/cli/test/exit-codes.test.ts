import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ERROR_CODES } from '@agnes/errors';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DataServer, startDataServer } from './data-server.ts';
import { createUser, type User } from './user.ts';

let server: DataServer;
let user: User;
beforeAll(async () => {
  server = await startDataServer();
  user = await createUser();
  await server.publish('t', ['SELECT 1 AS one']);
  await user.run(['init', '--server-url', server.url, '--token', server.token]);
});
afterAll(async () => {
  await user[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const problem = (status: number, code: string) => ({ status, body: { title: code, status, code, detail: code } });

test.each<[number, string, readonly string[], { status: number; body: unknown } | undefined]>([
  [0, 'done', ['query', 'SELECT one FROM t'], undefined],
  [1, 'failed', ['query', "SELECT 'x'::INTEGER FROM t"], undefined],
  [2, 'SQL that cannot run', ['query', 'SELECT nothing FROM t'], undefined],
  [2, 'used wrongly', ['query'], undefined],
  [3, 'too many requests', ['catalog'], problem(429, 'too_many_requests')],
  [5, 'the server failed', ['catalog'], problem(500, 'internal_error')],
  [6, 'there already', ['init', '--server-url', 'http://127.0.0.1:9'], undefined],
  [7, 'not signed in', ['catalog'], problem(401, 'invalid_credentials')],
  [7, 'unreachable', ['catalog', '--server', 'http://127.0.0.1:9', '--json'], undefined],
  [8, 'forbidden', ['admin', 'list-users'], problem(403, 'forbidden')],
  [8, 'unknown table', ['query', 'SELECT * FROM nowhere'], undefined],
])('exit code %i: %s, as in %j', async (exit, _meaning, args, answer) => {
  server.respond = answer;
  const { code } = await user.run(args, { env: { AGNES_TOKEN: server.token, AGNES_SERVER: server.url } });
  server.respond = undefined;
  expect(code).toBe(exit);
});

test('the page for analysts has every exit code that there is, and no other', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/analyst/exit-codes.md'), 'utf8');
  const documented = [...page.matchAll(/^\| (\d) +\|/gm)].map(([, code]) => Number(code));
  const used = new Set([0, ...Object.values(ERROR_CODES).map(({ exit }) => exit)]);
  expect(documented).toEqual([...used].sort());
});
