import type { RequestContext } from '@agnes/api-contract';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { orchestratorHandlers } from './http.ts';
import { type TestServer, testServer } from './testing/server.test-setup.ts';

let server: TestServer;
beforeEach(async () => {
  server = await testServer();
});
afterEach(() => server[Symbol.asyncDispose]());

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
  requestId: 'req_1',
  ip: null,
  headers: new Headers(),
  method: 'POST',
  signal: new AbortController().signal,
  stillAdmitted: async () => {},
};

const trigger = (body: string[] | { tables?: string[] | null; force?: boolean } | null) =>
  orchestratorHandlers(server).triggerSync({ body, params: undefined, query: undefined }, context);

async function finished(id: string): Promise<void> {
  await expect.poll(async () => (await server.jobs.get(id)).finished_at, { timeout: 20_000 }).not.toBeNull();
}

test.each([
  ['nothing', null, 'all', { tables: null, force: false }],
  ['an empty object', {}, 'all', { tables: null, force: false }],
  ['no list', { tables: null, force: true }, 'all', { tables: null, force: true }],
] as const)('a body of %s starts a sync of all', async (_what, body, tables, payload) => {
  const answer = await trigger(body);
  expect(answer).toMatchObject({ status: 'triggered', tables });
  const id = (answer as { job_id: string }).job_id;
  expect(await server.jobs.get(id)).toMatchObject({ kind: 'sync', lane: 'sync', created_by: 'user_root', payload });
  await finished(id);
});

test('tables are named by id or name, once each, and what is unknown starts nothing', async () => {
  const { id } = await server.catalog.register({ name: 'orders', source_table: 'orders.csv' }, 'user_root');
  for (const body of [['orders', id], { tables: ['orders'] }]) {
    const answer = (await trigger(body)) as { job_id: string };
    expect((await server.jobs.get(answer.job_id)).payload).toStrictEqual({ tables: [id], force: false });
    await finished(answer.job_id);
  }
  await expect(trigger(['orders', 'nobody'])).rejects.toMatchObject({ code: 'table_not_found' });
  await expect(trigger([])).rejects.toMatchObject({ code: 'invalid_request' });
  expect(await server.jobs.list()).toHaveLength(2);
});

test('one sync at a time: a second is told which one is under way', async () => {
  const [first, second] = await Promise.allSettled([trigger(null), trigger(null)]);
  expect(first.status).toBe('fulfilled');
  expect(second).toMatchObject({
    status: 'rejected',
    reason: { code: 'sync_already_in_progress', details: { job_id: expect.stringMatching(/^job/) } },
  });
  const status = orchestratorHandlers(server).syncStatus;
  const input = { body: undefined, params: undefined, query: undefined };
  const [job] = await server.jobs.list();
  await finished(job?.id ?? '');
  expect(await status(input, { ...context, caller: undefined })).toStrictEqual({ locked: false });
});
