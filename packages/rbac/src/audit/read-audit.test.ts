import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditOperations, type RequestContext } from '@agnes/api-contract';
import { openState, type State, schema } from '@agnes/state';
import { testState } from '@agnes/testkit';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { auditHandlers } from '../http.ts';
import {
  type AuditFilter,
  type AuditTrail,
  countDownloads,
  createAuditTrail,
  exportAudit,
  pruneAudit,
  readAudit,
} from '../index.ts';

const START = Date.parse('2026-03-01T00:00:00Z');
const COUNT = 500;
/** Three entries share each second, so that pages break inside one. */
const at = (index: number): Date => new Date(START + Math.floor(index / 3) * 1000);
const ACTIONS = ['auth.sign_in', 'query.run', 'data.pull', 'auth.sign_out', 'authors.odd'];

let folder: string;
let state: State;
let trail: AuditTrail;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-audit-read-'));
  state = await openState(await testState(join(folder, 'system.duckdb')));
  trail = createAuditTrail({
    state,
    onError: (error) => {
      throw error;
    },
  });
  await state.write(async (tx) => {
    await tx.insert(schema.users).values({
      id: 'user_ann',
      email: 'ann@example.com',
      created_at: new Date(START),
      updated_at: new Date(START),
    });
    await tx.insert(schema.auditLog).values(
      Array.from({ length: COUNT }, (_, index) => ({
        id: `a${String((index * 7919) % COUNT).padStart(6, '0')}`,
        timestamp: at(index),
        user_id: index % 2 === 0 ? 'user_ann' : 'user_gone',
        action: ACTIONS[index % ACTIONS.length] ?? '',
        resource: `table:t${index % 3}`,
        params: { index },
        result: index % 10 === 0 ? 'forbidden' : 'ok',
      })),
    );
  });
});
afterAll(async () => {
  await trail.settled();
  await state.close();
  await rm(folder, { recursive: true, force: true });
});

async function everyPage(filter: AuditFilter, limit: number): Promise<number[]> {
  const seen: number[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await readAudit(state, filter, { limit, after });
    expect(page.entries.length).toBeLessThanOrEqual(limit);
    seen.push(...page.entries.map(({ params }) => Number(params?.index)));
    if (page.next === null) return seen;
    after = page.next;
  }
}

test.each([7, 100, COUNT, 1000])('pages of %i are the whole log, newest first, each entry once', async (limit) => {
  const seen = await everyPage({}, limit);
  expect(seen.length).toBe(COUNT);
  expect(new Set(seen).size).toBe(COUNT);
  const times = seen.map((index) => at(index).getTime());
  expect(times).toEqual([...times].sort((a, b) => b - a));
});

test.each<[string, AuditFilter, (index: number) => boolean]>([
  ['a time', { from: at(30), to: at(60) }, (index) => at(index) >= at(30) && at(index) < at(60)],
  ['a person by e-mail', { user: ' Ann@Example.com' }, (index) => index % 2 === 0],
  ['somebody who is gone, by id', { user: 'user_gone' }, (index) => index % 2 === 1],
  ['an action', { action: 'query.run' }, (index) => index % 5 === 1],
  ['how actions begin', { action: 'auth.' }, (index) => index % 5 === 0 || index % 5 === 3],
  ['a resource', { resource: 'table:t2' }, (index) => index % 3 === 2],
  ['a result', { result: 'forbidden' }, (index) => index % 10 === 0],
  ['what went wrong', { result: '!ok' }, (index) => index % 10 === 0],
  [
    'several at once',
    { user: 'user_ann', action: 'auth.', result: 'ok', from: at(200) },
    (i) => i % 2 === 0 && (i % 5 === 0 || i % 5 === 3) && i % 10 !== 0 && at(i) >= at(200),
  ],
  ['text that SQL would read otherwise', { action: "%' OR 1=1 --" }, () => false],
])('%s narrows it', async (_what, filter, fits) => {
  const expected = Array.from({ length: COUNT }, (_, index) => index).filter(fits);
  expect((await everyPage(filter, 40)).sort((a, b) => a - b)).toEqual(expected);
  const exported: number[] = [];
  for await (const batch of exportAudit(state, filter, new Date(), 64)) {
    exported.push(...batch.map(({ params }) => Number(params?.index)));
  }
  expect(exported.map((index) => at(index).getTime())).toEqual(expected.map((index) => at(index).getTime()));
  expect([...exported].sort((a, b) => a - b)).toEqual(expected);
});

test('an address of nobody, and a place that no page gave, are refused', async () => {
  await expect(readAudit(state, { user: 'nobody@example.com' }, { limit: 1 })).rejects.toMatchObject({
    code: 'user_not_found',
  });
  for (const after of ['', 'x', 'x~y', '2026-01-01']) {
    await expect(readAudit(state, {}, { limit: 1, after })).rejects.toMatchObject({ code: 'invalid_request' });
  }
});

const context: RequestContext = {
  caller: {
    userId: 'user_root',
    email: 'root@example.com',
    name: null,
    groups: [],
    groupIds: [],
    isAdmin: true,
    credential: { kind: 'session', id: 'ses_1', name: '', scope: 'general', expires_at: null },
  },
  requestId: 'r',
  ip: '192.0.2.9',
  headers: new Headers(),
  method: 'GET',
  signal: new AbortController().signal,
  stillAdmitted: async () => {},
};

test('over HTTP it has the shape of the contract; an export is NDJSON, and is itself in the log', async () => {
  const handlers = auditHandlers({ state, trail });
  const query = v.parse(auditOperations.listAudit.query, { user: 'ann@example.com', limit: '3' });
  const answer = await handlers.listAudit({ query, params: undefined, body: undefined }, context);
  const page = v.parse(auditOperations.listAudit.response, answer);
  expect(page.entries.map(({ user_email }) => user_email)).toEqual(Array(3).fill('ann@example.com'));
  expect(page.next).not.toBeNull();

  const input = { query: { action: 'query.' }, params: undefined, body: undefined };
  const exported = await handlers.exportAudit(input, context);
  if (!(exported instanceof Response)) throw new Error('Not a response.');
  const lines = (await exported.text()).trimEnd().split('\n');
  expect(lines).toHaveLength(COUNT / ACTIONS.length);
  expect(new Set(lines.map((line) => JSON.parse(line).action))).toEqual(new Set(['query.run']));
  await trail.settled();
  const { entries } = await readAudit(state, { action: 'audit.export' }, { limit: 10 });
  expect(entries).toMatchObject([{ user_id: 'user_root', credential_id: 'ses_1', ip: '192.0.2.9' }]);
});

test('an export that nobody reads on does not read on either', async () => {
  const handlers = auditHandlers({ state, trail });
  const exported = await handlers.exportAudit({ query: {}, params: undefined, body: undefined }, context);
  if (!(exported instanceof Response) || exported.body === null) throw new Error('Not a response with a body.');
  await exported.body.cancel();
  expect(exported.body.locked).toBe(false);
});

test('downloads of one credential, table and minute are one entry', async () => {
  const downloads = countDownloads(trail);
  for (let index = 0; index < 3000; index += 1) {
    downloads.count({
      userId: 'user_ann',
      credentialId: index % 2 === 0 ? 'tok_1' : 'tok_2',
      ip: '192.0.2.1',
      tableId: 'table_1',
      bytes: 10,
    });
  }
  downloads.close();
  await trail.settled();
  const { entries } = await readAudit(state, { action: 'data.download' }, { limit: 10 });
  expect(entries.map(({ credential_id, params }) => [credential_id, params]).sort()).toEqual([
    ['tok_1', { parts: 1500, bytes: 15_000 }],
    ['tok_2', { parts: 1500, bytes: 15_000 }],
  ]);
});

test('what is older than it may be goes, in bounded steps, and nothing else', async () => {
  const cutoff = at(300);
  const old = Array.from({ length: COUNT }, (_, index) => index).filter((index) => at(index) < cutoff);
  const first = await pruneAudit(state, cutoff, { rows: 30, batches: 2 });
  // Entries of one moment go together.
  expect(first).toBeGreaterThanOrEqual(60);
  expect(first).toBeLessThanOrEqual(66);
  const oldest = (await everyPage({ to: cutoff }, 100)).at(-1) ?? 0;
  expect(at(oldest).getTime()).toBeGreaterThan(START);
  expect(first + (await pruneAudit(state, cutoff, { rows: 30, batches: 100 }))).toBe(old.length);
  expect(await everyPage({ to: cutoff }, 100)).toEqual([]);
  expect(await everyPage({ to: new Date(START + 86_400_000) }, 100)).toHaveLength(COUNT - old.length);
  expect(await pruneAudit(state, cutoff)).toBe(0);
});
