import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyToParquet, openDatabase } from '@agnes/duckdb';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Command, Output, WorkerSettings, WorkerTable } from '../protocol.ts';
import { openSession, type Session } from './session.ts';
import { createSessions, KEPT_MS, type Sessions } from './sessions.ts';

let folder: string;
let settings: WorkerSettings;
let tableOf: (...files: ('a' | 'b')[]) => WorkerTable;
let toFile: Output;
/** The databases that were opened, in order: what ran in each, and whether it was closed. */
let opened: { readonly ran: string[]; closed: boolean }[];

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'agnes-sessions-')));
  settings = { memoryLimit: '200MB', threads: 1, residentBytes: 1, tempDirectory: folder, maxTempSize: '100MB' };
  tableOf = (...files) => ({
    name: 't',
    files: files.map((name) => join(folder, `${name}.parquet`)),
    columns: [{ name: 'i', type: 'BIGINT' }],
    uniform: true,
  });
  toFile = { kind: 'file', path: join(folder, 'result.csv'), format: 'csv', limit: null };
  const database = await openDatabase(':memory:');
  const connection = await database.connect();
  for (const name of ['a', 'b']) {
    await copyToParquet(connection, 'SELECT i FROM range(3) t(i)', join(folder, `${name}.parquet`));
  }
  await database.close();
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(() => {
  opened = [];
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => void vi.useRealTimers());

async function open(): Promise<Session> {
  const session = await openSession(settings);
  const record = { ran: [] as string[], closed: false };
  opened.push(record);
  return {
    prepare: (sql) => session.prepare(sql),
    answer(command, prepared) {
      record.ran.push(/'(\w+)'/.exec(prepared?.sql ?? '')?.[1] ?? command.type);
      return session.answer(command, prepared);
    },
    close() {
      record.closed = true;
      return session.close();
    },
  };
}

const failOnError = (error: unknown): void => {
  throw error;
};
const JSON_ROWS: Output = { kind: 'json', limit: 10, bytes: 1000 };
const statement = (name: string, table = 't'): string => `SELECT i, '${name}' AS name FROM ${table}`;

/** A whole piece of work; says how it was answered. */
async function query(
  sessions: Sessions,
  user: string,
  name: string,
  { table = tableOf('a'), output = JSON_ROWS, sql = statement(name, table.name) } = {},
): Promise<string> {
  await sessions.answer({ type: 'prepare', sql });
  const answer = await sessions.answer({ type: 'run', user, tables: [table], output });
  await sessions.end();
  return answer.type;
}
const used = (): string[][] => opened.map(({ ran }) => ran).filter((ran) => ran.length > 0);

test('the next query of the same person over the same files runs in the same database', async () => {
  const sessions = createSessions(open, failOnError);
  for (const name of ['one', 'two', 'three']) expect(await query(sessions, 'ana', name)).toBe('json');
  expect(used()).toEqual([['one', 'two', 'three']]);
  expect(opened.map(({ closed }) => closed)).toEqual([false, false]);
});

test.each<[string, string, () => { readonly table?: WorkerTable; readonly output?: Output }]>([
  ['of another person', 'ben', () => ({})],
  ['over another file', 'ana', () => ({ table: tableOf('b') })],
  ['over one file more', 'ana', () => ({ table: tableOf('a', 'b') })],
  ['over the same files under another name', 'ana', () => ({ table: { ...tableOf('a'), name: 'u' } })],
  ['that writes a file', 'ana', () => ({ output: toFile })],
])('one %s runs in an empty one, and the last is closed', async (_, user, other) => {
  const sessions = createSessions(open, failOnError);
  await query(sessions, 'ana', 'one');
  expect(await query(sessions, user, 'two', other())).not.toBe('error');
  expect(used()).toEqual([['one'], ['two']]);
  expect(opened[0]?.closed).toBe(true);
});

test.each<[string, () => Command]>([
  ['that wrote a file', () => ({ type: 'run', user: 'ana', tables: [tableOf('a')], output: toFile })],
  ['with a statement of ours', () => ({ type: 'read', table: tableOf('a'), output: JSON_ROWS })],
])('the database of work %s is nobody’s again', async (_, command) => {
  const sessions = createSessions(open, failOnError);
  await sessions.answer({ type: 'prepare', sql: statement('one') });
  expect(await sessions.answer(command())).not.toMatchObject({ type: 'error' });
  await sessions.end();
  expect(opened[0]?.closed).toBe(true);
  await query(sessions, 'ana', 'two');
  expect(opened[1]?.ran).toEqual(['two']);
});

test('a seed that one query sets holds for no other', async () => {
  const sessions = createSessions(open, failOnError);
  const random = async (): Promise<unknown> => {
    await sessions.answer({ type: 'prepare', sql: 'SELECT random() AS r, i FROM t' });
    const answer = await sessions.answer({ type: 'run', user: 'ana', tables: [tableOf('a')], output: JSON_ROWS });
    await sessions.end();
    return answer.type === 'json' ? answer.json : answer;
  };
  const seeded: unknown[] = [];
  for (let round = 0; round < 2; round += 1) {
    await query(sessions, 'ana', 'seed', { sql: "SELECT 'seed', setSeed(0.42), i FROM t" });
    seeded.push(await random());
  }
  expect(seeded[0]).not.toEqual(seeded[1]);
});

test('after an error the database is closed, also one that served before', async () => {
  const sessions = createSessions(open, failOnError);
  await query(sessions, 'ana', 'one');
  expect(await query(sessions, 'ana', 'two', { sql: "SELECT CAST('two' AS INTEGER) + i FROM t" })).toBe('error');
  expect(used()).toEqual([['one', 'two']]);
  expect(opened[0]?.closed).toBe(true);
  await query(sessions, 'ana', 'three');
  expect(used()).toEqual([['one', 'two'], ['three']]);
});

test('what is only prepared uses nothing up, and is not run by the next piece of work', async () => {
  const sessions = createSessions(open, failOnError);
  await sessions.answer({ type: 'prepare', sql: statement('one') });
  await sessions.end();
  const answer = await sessions.answer({ type: 'run', user: 'ana', tables: [], output: JSON_ROWS });
  expect(answer.type).toBe('error');
  expect(opened).toHaveLength(1);
  expect(used()).toEqual([['run']]);
});

test('all of one piece of work runs in one database', async () => {
  const sessions = createSessions(open, failOnError);
  await sessions.answer({ type: 'read', table: tableOf('a'), output: JSON_ROWS });
  await sessions.answer({ type: 'read', table: tableOf('b'), output: JSON_ROWS });
  expect(used()).toEqual([['read', 'read']]);
});

test('a database that waits for its user is let go after a while, and not while it works', async () => {
  const sessions = createSessions(open, failOnError);
  await query(sessions, 'ana', 'one');
  await sessions.answer({ type: 'prepare', sql: statement('two') });
  vi.advanceTimersByTime(KEPT_MS * 2);
  expect(opened[0]?.closed).toBe(false);
  await sessions.answer({ type: 'run', user: 'ana', tables: [tableOf('a')], output: JSON_ROWS });
  await sessions.end();
  expect(used()).toEqual([['one', 'two']]);
  vi.advanceTimersByTime(KEPT_MS);
  expect(opened[0]?.closed).toBe(true);
  await query(sessions, 'ana', 'three');
  expect(used()).toEqual([['one', 'two'], ['three']]);
});
