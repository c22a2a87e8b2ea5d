import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Command, FromWorker, Output, WorkerTable } from '../protocol.ts';
import type { Session } from './session.ts';
import { createSessions, KEPT_MS, type Sessions } from './sessions.ts';

/** The databases that were opened, in order: what ran in each, and whether it was closed. */
let opened: { ran: string[]; closed: boolean }[];
let answerNext: FromWorker | undefined;

beforeEach(() => {
  opened = [];
  answerNext = undefined;
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

async function open(): Promise<Session> {
  const record = { ran: [] as string[], closed: false };
  opened.push(record);
  return {
    prepare: async (sql) => ({ kind: 'ok', sql, relations: [], pivots: false }),
    async answer(command, prepared) {
      record.ran.push(prepared?.sql ?? command.type);
      return answerNext ?? { type: 'json', json: '{}', rows: 0, truncated: false };
    },
    async close() {
      record.closed = true;
    },
  };
}

const failOnError = (error: unknown): void => {
  throw error;
};
const JSON_ROWS: Output = { kind: 'json', limit: 10, bytes: 1000 };
const A_FILE: Output = { kind: 'file', path: '/results/1.csv', format: 'csv', limit: null };
const tableOf = (...files: string[]): WorkerTable => ({
  name: 't',
  files,
  columns: [{ name: 'i', type: 'BIGINT' }],
  uniform: true,
});

async function query(sessions: Sessions, user: string, sql: string, table = tableOf('/a'), output = JSON_ROWS) {
  await sessions.answer({ type: 'prepare', sql });
  const answer = await sessions.answer({ type: 'run', user, tables: [table], output });
  await sessions.end();
  return answer;
}
const used = (): string[][] => opened.map(({ ran }) => ran).filter((ran) => ran.length > 0);

test('the next query of the same person over the same files runs in the same database', async () => {
  const sessions = createSessions(open, failOnError);
  for (const sql of ['one', 'two', 'three']) await query(sessions, 'ana', sql);
  expect(used()).toEqual([['one', 'two', 'three']]);
  expect(opened.map(({ closed }) => closed)).toEqual([false, false]);
});

test.each<[string, string, WorkerTable, Output]>([
  ['of another person', 'ben', tableOf('/a'), JSON_ROWS],
  ['over another file', 'ana', tableOf('/b'), JSON_ROWS],
  ['over one file more', 'ana', tableOf('/a', '/b'), JSON_ROWS],
  ['over the same files under another name', 'ana', { ...tableOf('/a'), name: 'u' }, JSON_ROWS],
  ['that writes a file', 'ana', tableOf('/a'), A_FILE],
])('one %s runs in an empty one, and the last is closed', async (_, user, table, output) => {
  const sessions = createSessions(open, failOnError);
  await query(sessions, 'ana', 'one');
  await query(sessions, user, 'two', table, output);
  expect(used()).toEqual([['one'], ['two']]);
  expect(opened[0]?.closed).toBe(true);
});

test.each<[string, Command]>([
  ['that wrote a file', { type: 'run', user: 'ana', tables: [tableOf('/a')], output: A_FILE }],
  ['with a statement of ours', { type: 'read', table: tableOf('/a'), output: JSON_ROWS }],
])('the database of work %s is nobody’s again', async (_, command) => {
  const sessions = createSessions(open, failOnError);
  await sessions.answer({ type: 'prepare', sql: 'one' });
  await sessions.answer(command);
  await sessions.end();
  expect(opened[0]?.closed).toBe(true);
  await query(sessions, 'ana', 'two');
  expect(opened[1]?.ran).toEqual(['two']);
});

test('after an error the database is closed, also one that served before', async () => {
  const sessions = createSessions(open, failOnError);
  await query(sessions, 'ana', 'one');
  answerNext = { type: 'error', code: 'query_failed', message: 'It failed.' };
  await query(sessions, 'ana', 'two');
  expect(used()).toEqual([['one', 'two']]);
  expect(opened[0]?.closed).toBe(true);
  answerNext = undefined;
  await query(sessions, 'ana', 'three');
  expect(used()).toEqual([['one', 'two'], ['three']]);
});

test('what is only prepared uses nothing up, and is not run by the next piece of work', async () => {
  const sessions = createSessions(open, failOnError);
  await sessions.answer({ type: 'prepare', sql: 'one' });
  await sessions.end();
  await sessions.answer({ type: 'run', user: 'ana', tables: [], output: JSON_ROWS });
  expect(opened).toHaveLength(1);
  // Without a statement: the database itself refuses it.
  expect(used()).toEqual([['run']]);
});

test('all of one piece of work runs in one database', async () => {
  const sessions = createSessions(open, failOnError);
  await sessions.answer({ type: 'read', table: tableOf('/a'), output: JSON_ROWS });
  await sessions.answer({ type: 'read', table: tableOf('/b'), output: JSON_ROWS });
  expect(used()).toEqual([['read', 'read']]);
});

test('a database that waits for its user is let go after a while, and not while it works', async () => {
  const sessions = createSessions(open, failOnError);
  await query(sessions, 'ana', 'one');
  await sessions.answer({ type: 'prepare', sql: 'two' });
  vi.advanceTimersByTime(KEPT_MS * 2);
  expect(opened[0]?.closed).toBe(false);
  await sessions.answer({ type: 'run', user: 'ana', tables: [tableOf('/a')], output: JSON_ROWS });
  await sessions.end();
  expect(used()).toEqual([['one', 'two']]);
  vi.advanceTimersByTime(KEPT_MS);
  expect(opened[0]?.closed).toBe(true);
  await query(sessions, 'ana', 'three');
  expect(used()).toEqual([['one', 'two'], ['three']]);
});
