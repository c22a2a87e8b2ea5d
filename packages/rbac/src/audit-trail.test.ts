import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openState, type State, schema } from '@agnes/state';
import { testState } from '@agnes/testkit';
import { asc } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type AuditTrail, createAuditTrail, recordAudit } from './index.ts';

let folder: string;
let state: State;
let errors: unknown[];
let now: Date;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-audit-'));
  state = await openState(await testState(join(folder, 'system.duckdb')));
});
afterAll(async () => {
  await state.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  errors = [];
  now = new Date('2026-03-01T12:00:05Z');
  await state.write((tx) => tx.delete(schema.auditLog));
});

const trailOver = (over: Pick<State, 'write'> = state, most?: number): AuditTrail =>
  createAuditTrail({
    state: over,
    onError: (error) => errors.push(error),
    now: () => now,
    ...(most === undefined ? {} : { most }),
  });
const rows = () =>
  state.db.select().from(schema.auditLog).orderBy(asc(schema.auditLog.timestamp), asc(schema.auditLog.id));

test('what is noted is written together, in the order it came, with everything that is known of it', async () => {
  let transactions = 0;
  const trail = trailOver({
    write: (work) => {
      transactions += 1;
      return state.write(work);
    },
  });
  for (let index = 0; index < 250; index += 1) {
    trail.note({
      userId: 'user_1',
      action: 'query.run',
      resource: `query:${index}`,
      params: { statement: 'SELECT 1' },
      ip: '192.0.2.1',
      credentialId: 'tok_1',
      durationMs: 12.4,
    });
  }
  await trail.settled();
  const written = await rows();
  expect(written.map(({ resource }) => resource)).toEqual(Array.from({ length: 250 }, (_, index) => `query:${index}`));
  expect(written[0]).toMatchObject({
    user_id: 'user_1',
    params: { statement: 'SELECT 1' },
    result: 'ok',
    ip: '192.0.2.1',
    credential_id: 'tok_1',
    duration_ms: 12,
    timestamp: now,
  });
  expect(transactions).toBe(1);
});

test('it is written without being asked for', async () => {
  const trail = trailOver();
  trail.note({ userId: null, action: 'query.run' });
  await expect.poll(async () => (await rows()).length).toBe(1);
  await trail.settled();
});

test('a state that takes no writes is told of once; nothing is lost, and beyond the bound it is refused', async () => {
  let broken = true;
  const trail = trailOver(
    { write: async (work) => (broken ? Promise.reject(new Error('full')) : state.write(work)) },
    3,
  );
  for (const action of ['a.1', 'a.2', 'a.3']) trail.note({ userId: null, action });
  await expect.poll(() => errors.length).toBe(1);
  expect(() => trail.note({ userId: null, action: 'a.4' })).toThrow(
    expect.objectContaining({ code: 'audit_unavailable', status: 503 }),
  );
  await expect(trail.settled()).rejects.toThrow('full');
  broken = false;
  await trail.settled();
  expect((await rows()).map(({ action }) => action)).toEqual(['a.1', 'a.2', 'a.3']);
  trail.note({ userId: null, action: 'a.5' });
  await trail.settled();
  expect(errors).toHaveLength(1);
});

test('refused sign-ins of one address and minute are written ten times and then counted', async () => {
  const trail = trailOver();
  const refuse = (ip: string) =>
    trail.note({
      userId: null,
      action: 'auth.sign_in',
      ip,
      params: { email: 'a@example.com' },
      result: 'invalid_credentials',
    });
  for (let index = 0; index < 1000; index += 1) refuse('192.0.2.1');
  refuse('192.0.2.2');
  trail.note({ userId: 'user_1', action: 'auth.sign_in', ip: '192.0.2.1' });
  now = new Date('2026-03-01T12:01:01Z');
  refuse('192.0.2.1');
  await trail.settled();
  const written = await rows();
  expect(written.filter(({ result }) => result === 'invalid_credentials')).toHaveLength(12);
  expect(written.filter(({ result }) => result === 'ok')).toHaveLength(1);
  expect(written.filter(({ result }) => result === 'repeated')).toEqual([
    expect.objectContaining({ action: 'auth.sign_in', ip: '192.0.2.1', params: { refused: 990 } }),
  ]);
});

test('refusals from ever other addresses do not fill the log either', async () => {
  const trail = trailOver();
  for (let index = 0; index < 5000; index += 1) {
    trail.note({
      userId: null,
      action: 'auth.sign_in',
      ip: `192.0.${index >> 8}.${index & 255}`,
      result: 'invalid_credentials',
    });
  }
  await trail.settled();
  const written = await rows();
  expect(written.length).toBeLessThanOrEqual(401);
  const counted = written.map(({ params, result }) => (result === 'repeated' ? Number(params?.refused) : 1));
  expect(counted.reduce((sum, count) => sum + count, 0)).toBe(5000);
});

test('no text is endless, nothing that looks like a credential is kept, and every character can be stored', async () => {
  const token = `agnes_pat_${'a1B2'.repeat(12)}x`;
  const statement = `SELECT '${token}', 'postgres://joe:hunter2@db.example.com/x' FROM agnes_daily_orders_2026`;
  await state.write((tx) =>
    recordAudit(tx, {
      userId: null,
      action: 'query.run',
      resource: `table:${token}\u0000\ud800`,
      params: { statement, long: 'x'.repeat(10_000_000), odd: '\u0000\ud800' },
    }),
  );
  const [row] = await rows();
  const text = JSON.stringify(row);
  expect(text.length).toBeLessThan(20_000);
  expect(text).not.toContain(token.slice(0, 20));
  expect(text).not.toContain('hunter2');
  expect(text).toContain('10000000 characters');
  expect(row?.params).toMatchObject({
    statement: "SELECT 'agnes_pat_…', 'postgres://joe:…@db.example.com/x' FROM agnes_daily_orders_2026",
  });
});
