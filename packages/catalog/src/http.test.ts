import { createHash, randomBytes } from 'node:crypto';
import { chmod, rm, truncate } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { type Caller, callerOf, operations, Reply, type RequestContext } from '@agnes/api-contract';
import { AgnesError } from '@agnes/errors';
import type { Principal } from '@agnes/rbac';
import * as v from 'valibot';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { part, person, publication, ROOT, type TestCatalog, table, testCatalog } from './catalog.test-setup.ts';
import { sizeHint } from './http/rows.ts';
import { catalogHandlers } from './http.ts';

const SIZE = 3 * 1024 * 1024 + 17;
const bytes = randomBytes(SIZE);
const sha256 = createHash('sha256').update(bytes).digest('hex');
const etag = `"${sha256}"`;

let it: TestCatalog;
let handlers: ReturnType<typeof catalogHandlers>;
let ann: Principal;
let bob: Principal;

beforeAll(async () => {
  it = await testCatalog();
  handlers = catalogHandlers({ catalog: it.catalog, now: () => it.clock.now });
  ann = await person(it.access, it.state, 'ann');
  bob = await person(it.access, it.state, 'bob');
  await it.catalog.publish(
    publication('erp', [
      await table(it.blobs, 'orders', { parts: [await part(it.blobs, 1, bytes)] }),
      await table(it.blobs, 'hidden'),
    ]),
  );
  await it.catalog.register({ name: 'planned', source_table: 'p.csv' }, ROOT.userId);
  for (const name of ['orders', 'planned']) {
    await it.access.createGrant({ group_id: 'ann', resource_type: 'table', resource_id: name }, ROOT.userId);
  }
});
afterAll(() => it[Symbol.asyncDispose]());

function context(principal: Principal, headers: Record<string, string> = {}, method = 'GET'): RequestContext {
  const caller: Caller = {
    ...principal,
    email: 'x@example.com',
    name: null,
    groups: [],
    credential: { kind: 'session', id: 's', name: 's', scope: 'general', expires_at: null },
  };
  const signal = new AbortController().signal;
  const stillAdmitted = async () => {};
  return { caller, requestId: 'r1', ip: null, headers: new Headers(headers), method, signal, stillAdmitted };
}

const NONE = { params: undefined, query: undefined, body: undefined };
const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(String, (reason: unknown) => reason);
  if (error instanceof AgnesError) return error.code;
  throw error;
};

const blob = async (headers: Record<string, string> = {}, method = 'GET', hash = sha256): Promise<Response> => {
  const input = { params: { sha256: hash }, query: undefined, body: undefined };
  const response = await handlers.getBlob(input, context(ann, headers, method));
  if (!(response instanceof Response)) throw new Error('Not a response.');
  return response;
};
const content = async (response: Response) => Buffer.from(await response.arrayBuffer());

describe('a blob', () => {
  test('comes whole, with what a cache and a reader need to know', async () => {
    const response = await blob();
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toEqual({
      'accept-ranges': 'bytes',
      'cache-control': 'private, immutable, max-age=31536000',
      'content-length': String(SIZE),
      'content-type': 'application/vnd.apache.parquet',
      etag,
      'repr-digest': `sha-256=:${createHash('sha256').update(bytes).digest('base64')}:`,
    });
    expect((await content(response)).equals(bytes)).toBe(true);
  });

  test('is read a mebibyte at a time', async () => {
    const sizes: number[] = [];
    for await (const chunk of (await blob()).body ?? []) sizes.push(chunk.length);
    expect(sizes).toEqual([1048576, 1048576, 1048576, 17]);
  });

  test.each([
    ['bytes=0-0', 0, 0],
    ['bytes=1048570-1048590', 1048570, 1048590],
    [`bytes=${SIZE - 5}-`, SIZE - 5, SIZE - 1],
    ['bytes=-7', SIZE - 7, SIZE - 1],
    ['bytes=0-99999999999', 0, SIZE - 1],
  ])('%s is a part of it', async (range, start, end) => {
    const response = await blob({ range });
    expect(response.status).toBe(206);
    expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end}/${SIZE}`);
    expect(response.headers.get('content-length')).toBe(String(end - start + 1));
    expect(response.headers.get('etag')).toBe(etag);
    expect((await content(response)).equals(bytes.subarray(start, end + 1))).toBe(true);
  });

  test.each([
    ['several ranges', { range: 'bytes=0-1,5-6' }, 'GET'],
    ['another unit', { range: 'items=0-1' }, 'GET'],
    ['an If-Range of another file', { range: 'bytes=0-1', 'if-range': '"x"' }, 'GET'],
    ['an If-Range that is weak', { range: 'bytes=0-1', 'if-range': `W/${etag}` }, 'GET'],
    ['an If-None-Match of another file', { 'if-none-match': '"x", "y"' }, 'GET'],
    ['HEAD, where a range means nothing', { range: 'bytes=0-1' }, 'HEAD'],
  ])('is whole for %s', async (_what, headers, method) => {
    const response = await blob(headers as Record<string, string>, method);
    expect([response.status, response.headers.get('content-length')]).toEqual([200, String(SIZE)]);
    if (method === 'HEAD') expect(response.body).toBeNull();
    await response.body?.cancel();
  });

  test('an If-Range that holds gives the part', async () => {
    const response = await blob({ range: 'bytes=0-1', 'if-range': etag });
    expect(response.status).toBe(206);
    await response.body?.cancel();
  });

  test.each([`bytes=${SIZE}-`, 'bytes=-0'])('%s is 416, and says how long the file is', async (range) => {
    const response = await blob({ range });
    expect(response.status).toBe(416);
    expect(response.headers.get('content-range')).toBe(`bytes */${SIZE}`);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({ code: 'range_not_satisfiable', request_id: 'r1', size: SIZE });
  });

  test.each([etag, `W/${etag}`, `"x", ${etag}`, '*'])('that the caller has (%s) is not sent again', async (tag) => {
    const response = await blob({ 'if-none-match': tag, range: 'bytes=0-1' });
    expect([response.status, response.body, response.headers.get('etag')]).toEqual([304, null, etag]);
  });

  test('that is not granted answers as one that is not there', async () => {
    const hidden = (await it.catalog.currentVersion((await it.catalog.get('hidden')).id))?.parts[0]?.sha256 ?? '';
    const errors: string[] = [];
    for (const hash of [hidden, 'f'.repeat(64)]) {
      const error = await blob({ 'if-none-match': '*' }, 'GET', hash).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'blob_not_found', status: 404 });
      errors.push(String(error).replace(hash, 'X'));
    }
    expect(errors[0]).toBe(errors[1]);
  });

  test('that is gone or cut on disk is an error, never bytes', async () => {
    const cut = await part(it.blobs, 1, randomBytes(100));
    const gone = await part(it.blobs);
    await it.catalog.publish(publication('bad', [await table(it.blobs, 'broken', { parts: [cut, gone] })]));
    await it.access.createGrant({ group_id: 'ann', resource_type: 'table', resource_id: 'broken' }, ROOT.userId);
    await chmod(it.blobs.path(cut.sha256), 0o644);
    await truncate(it.blobs.path(cut.sha256), 50);
    await rm(it.blobs.path(gone.sha256));
    for (const { sha256: hash } of [cut, gone]) {
      expect(await codeOf(blob({}, 'GET', hash))).toBe('blob_corrupt');
      expect(await codeOf(blob({ range: 'bytes=0-1' }, 'GET', hash))).toBe('blob_corrupt');
    }
  });
});

describe('the manifest', () => {
  const get = async (headers: Record<string, string> = {}) => {
    const response = await handlers.syncManifest(NONE, context(ann, headers));
    if (!(response instanceof Response)) throw new Error('Not a response.');
    return response;
  };

  test('comes with its ETag, and as 304 to whoever has it', async () => {
    const first = await get();
    expect(first.status).toBe(200);
    expect(first.headers.get('content-type')).toBe('application/json');
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    const text = await first.text();
    expect(first.headers.get('content-length')).toBe(String(Buffer.byteLength(text)));
    expect(v.is(operations.syncManifest.response, JSON.parse(text))).toBe(true);
    const tag = first.headers.get('etag') ?? '';
    for (const header of [tag, `W/${tag}`, `"a", ${tag}`, '*']) {
      const second = await get({ 'if-none-match': header });
      expect([second.status, second.body, second.headers.get('etag')]).toEqual([304, null, tag]);
    }
    expect((await get({ 'if-none-match': '"other"' })).status).toBe(200);
  });

  test('comes gzipped, with a weak ETag, to whoever takes that', async () => {
    const plain = await get();
    const text = await plain.text();
    for (const accepted of ['gzip', 'br, GZIP;q=0.5', 'deflate, x-gzip']) {
      const zipped = await get({ 'accept-encoding': accepted });
      expect(zipped.headers.get('content-encoding'), accepted).toBe('gzip');
      expect(zipped.headers.get('etag')).toBe(`W/${plain.headers.get('etag')}`);
      const body = Buffer.from(await zipped.arrayBuffer());
      expect(zipped.headers.get('content-length')).toBe(String(body.length));
      expect(gunzipSync(body).toString()).toBe(text);
      expect((await get({ 'if-none-match': zipped.headers.get('etag') ?? '' })).status).toBe(304);
    }
    for (const accepted of ['identity', 'gzip;q=0', 'br, gzip; q=0.0', 'gzipped']) {
      const answer = await get({ 'accept-encoding': accepted });
      expect([answer.headers.get('content-encoding'), answer.headers.get('vary')]).toEqual([null, 'Accept-Encoding']);
      expect(await answer.text()).toBe(text);
    }
  });
});

describe('the catalog', () => {
  test('lists what the caller may read, in the shapes of the contract', async () => {
    const long = await handlers.catalog(NONE, context(ann));
    const short = await handlers.catalogTables(NONE, context(ann));
    if (long instanceof Response || long instanceof Reply || short instanceof Response || short instanceof Reply) {
      throw new Error('Not a body.');
    }
    expect(v.parse(operations.catalog.response, long)).toEqual(long);
    expect(v.parse(operations.catalogTables.response, short)).toEqual(short);
    const names = ['orders', 'planned'];
    expect(long.tables.map(({ name }) => name).filter((name) => name !== 'broken')).toEqual(names);
    expect(short.tables.map(({ name }) => name).filter((name) => name !== 'broken')).toEqual(names);
    expect(long.tables.find(({ name }) => name === 'orders')).toMatchObject({
      rough_size_hint: 'small',
      rows: 1,
      size_bytes: SIZE,
      metadata_freshness: 'not_applicable',
      updated: '2026-05-01T11:00:00.000Z',
    });
    expect(long.tables.find(({ name }) => name === 'planned')).toMatchObject({ rough_size_hint: null, rows: null });
    expect(JSON.stringify([long, short])).not.toContain('hidden');
    expect(await handlers.catalogTables(NONE, context(bob))).toEqual({ tables: [], count: 0 });
  });

  test.each([
    [100 * 2 ** 20, 'small'],
    [100 * 2 ** 20 + 1, 'medium'],
    [2 ** 30, 'medium'],
    [2 ** 30 + 1, 'large'],
    [10 * 2 ** 30, 'large'],
    [10 * 2 ** 30 + 1, 'very_large'],
  ])('%i bytes are %s', (size, hint) => {
    expect(sizeHint(size)).toBe(hint);
  });

  test('has the columns of a table, by id or name', async () => {
    const { id } = await it.catalog.get('orders');
    for (const name of [id, 'ORDERS']) {
      const schema = await handlers.tableSchema({ ...NONE, params: { id: name } }, context(ann));
      expect(v.parse(operations.tableSchema.response, schema)).toEqual(schema);
      expect(schema).toMatchObject({
        table_id: id,
        name: 'orders',
        sql_flavor: 'duckdb',
        columns: [{ name: 'id', type: 'BIGINT', nullable: true, description: '' }],
      });
    }
  });

  test('has no columns of what has no data, is not granted or is not there', async () => {
    const schema = (name: string) => codeOf(handlers.tableSchema({ ...NONE, params: { id: name } }, context(ann)));
    expect(await schema('planned')).toBe('table_not_published');
    expect(await schema('hidden')).toBe('table_not_found');
    expect(await schema('nothing')).toBe('table_not_found');
  });
});

describe('the registry', () => {
  const admin = context(ROOT);
  const id = (name: string) => ({ params: { id: name }, query: undefined });

  test('registers, checks, lists, changes and takes out, in the shapes of the contract', async () => {
    const made = await handlers.registerTable({ ...NONE, body: { name: 'r1', source_table: 'r.csv' } }, admin);
    expect(v.parse(operations.registerTable.response, made)).toMatchObject({ name: 'r1', status: 'registered' });
    const checked = await handlers.precheckTable({ ...NONE, body: { name: 'r2', source_table: 'r.csv' } }, admin);
    expect(v.parse(operations.precheckTable.response, checked)).toMatchObject({ ok: true, table: { name: 'r2' } });
    const changed = await handlers.updateTable({ ...id('r1'), body: { description: 'text' } }, admin);
    expect(v.parse(operations.updateTable.response, changed)).toMatchObject({ updated: ['description'] });
    const listed = await handlers.listRegistry(NONE, admin);
    const { tables, count } = v.parse(operations.listRegistry.response, listed);
    expect(listed).toEqual({ tables, count });
    expect(tables.find(({ name }) => name === 'r1')).toMatchObject({
      registered_by: callerOf(admin).userId,
      last_sync_status: 'never',
    });
    await handlers.unregisterTable({ ...id('r1'), body: undefined }, admin);
    expect(await codeOf(handlers.unregisterTable({ ...id('r1'), body: undefined }, admin))).toBe('table_not_found');
  });
});
