import { gunzipSync } from 'node:zlib';
import { type Caller, type Operation, Reply } from '@agnes/api-contract';
import { errorPage } from '@agnes/auth/http';
import { streamFile, streamResponse } from '@agnes/blobs';
import { AgnesError } from '@agnes/errors';
import type { AuditEntry } from '@agnes/rbac';
import { pino } from 'pino';
import * as v from 'valibot';
import { beforeEach, describe, expect, test } from 'vitest';
import { createApp } from './app.ts';
import { listen } from './listen.ts';
import { MAX_BODY_BYTES } from './read-body.ts';

const base = { tag: 'test', summary: 'A test.', status: 200, errors: [] } as const;
const anyJson = v.looseObject({});
const operations = {
  open: { ...base, id: 'open', method: 'GET', path: '/api/open', access: 'public', response: anyJson },
  big: { ...base, id: 'big', method: 'GET', path: '/api/big', access: 'public', response: anyJson },
  crash: { ...base, id: 'crash', method: 'GET', path: '/api/crash', access: 'public', response: anyJson },
  busy: { ...base, id: 'busy', method: 'GET', path: '/api/busy', access: 'public', response: anyJson },
  own: { ...base, id: 'own', method: 'GET', path: '/api/own', access: 'caller', response: anyJson },
  session: { ...base, id: 'session', method: 'GET', path: '/api/session', access: 'session', response: anyJson },
  admin: { ...base, id: 'admin', method: 'GET', path: '/api/admin', access: 'admin', response: anyJson },
  clock: { ...base, id: 'clock', method: 'GET', path: '/api/clock', access: 'admin_or_scheduler', response: anyJson },
  table: {
    ...base,
    id: 'table',
    method: 'GET',
    path: '/api/tables/{id}',
    access: { grant: 'table', param: 'id' },
    params: v.object({ id: v.string() }),
    query: v.object({ n: v.optional(v.pipe(v.string(), v.regex(/^\d+$/, 'must be a whole number'))) }),
    response: anyJson,
  },
  pull: {
    ...base,
    id: 'pull',
    method: 'GET',
    path: '/api/pull',
    access: 'caller',
    scopes: ['pull'],
    response: anyJson,
  },
  page: { ...base, id: 'page', method: 'GET', path: '/page', access: 'visitor', response: { binary: 'text/html' } },
  form: {
    ...base,
    id: 'form',
    method: 'POST',
    path: '/form',
    access: 'visitor',
    form: true,
    body: v.strictObject({ name: v.string(), tag: v.optional(v.array(v.string())) }),
    response: anyJson,
  },
  change: { ...base, id: 'change', method: 'POST', path: '/api/change', access: 'session', response: anyJson },
  bytes: {
    ...base,
    id: 'bytes',
    method: 'GET',
    path: '/api/bytes',
    access: 'public',
    response: { binary: 'application/octet-stream' },
  },
  gone: {
    ...base,
    id: 'gone',
    method: 'GET',
    path: '/api/gone',
    access: 'public',
    response: { binary: 'application/octet-stream' },
  },
  write: {
    ...base,
    id: 'write',
    method: 'POST',
    path: '/api/open',
    access: 'public',
    body: v.strictObject({ name: v.string(), email: v.pipe(v.string(), v.email()), password: v.optional(v.string()) }),
    status: 201,
    response: anyJson,
  },
  maybe: {
    ...base,
    id: 'maybe',
    method: 'POST',
    path: '/api/maybe',
    access: 'public',
    body: v.nullable(v.union([v.array(v.string()), v.strictObject({ tables: v.array(v.string()) })])),
    bodyOptional: true,
    response: anyJson,
  },
  empty: {
    ...base,
    id: 'empty',
    method: 'DELETE',
    path: '/api/open',
    access: 'public',
    status: 204,
    response: 'empty',
  },
} as const satisfies Record<string, Operation>;

const caller = (kind: Caller['credential']['kind'], isAdmin: boolean, scope = 'general'): Caller => ({
  userId: 'u1',
  email: 'a@example.com',
  name: null,
  groups: [],
  groupIds: [],
  isAdmin,
  credential: { kind, id: 'c', name: 'c', scope, expires_at: null },
});
const revoked = new Set<string>();
const callers: Record<string, Caller> = {
  session: caller('session', false),
  personal: caller('personal', false),
  admin: caller('session', true),
  scheduler: caller('scheduler', true),
  ...Object.fromEntries(
    ['pull', 'query', 'read', 'bootstrap-analyst', 'toString', 'unheard-of', ''].flatMap((scope) => [
      [`scope:${scope}`, caller('personal', false, scope)],
      [`admin scope:${scope}`, caller('personal', true, scope)],
    ]),
  ),
};

let logged: string[] = [];
let bodyClosed = false;

const noted: AuditEntry[] = [];
const options: Parameters<typeof createApp<typeof operations>>[0] = {
  operations,
  errorPage,
  handlers: {
    open: async (_input, context) => ({ id: context.requestId, ip: context.ip }),
    big: async () => new Reply({ text: 'x'.repeat(5000) }, { headers: { etag: '"1"', 'cache-control': 'private' } }),
    crash: async () => {
      throw new Error('password=hunter2');
    },
    busy: async () => {
      throw new AgnesError('too_many_requests', 'Slow down.', { details: { retry_after_seconds: 7.2 } });
    },
    own: async (_input, context) => {
      const { userId } = context.caller ?? {};
      if (context.headers.get('x-revoke') === null) return { user: userId };
      revoked.add(context.headers.get('authorization') ?? '');
      await context.stillAdmitted();
      return { user: userId };
    },
    session: async () => ({}),
    admin: async () => ({}),
    clock: async () => ({}),
    table: async ({ params, query }) => ({ ...params, ...query }),
    pull: async () => ({}),
    page: async (_input, context) =>
      new Response(context.caller?.email ?? 'nobody', { headers: { 'content-type': 'text/html; charset=utf-8' } }),
    form: async ({ body }, context) => ({ ...body, email: context.caller?.email ?? null }),
    change: async () => ({}),
    gone: async () => {
      const stream = streamFile(() => Promise.reject(new Error('The file is gone.')));
      return streamResponse(stream, {
        headers: { 'content-length': '10', 'content-type': 'application/octet-stream' },
      });
    },
    bytes: async () =>
      new Response(
        new ReadableStream({
          pull: (controller) => controller.enqueue(new Uint8Array(10)),
          cancel: () => {
            bodyClosed = true;
          },
        }),
        { headers: { 'content-type': 'application/octet-stream', 'content-length': '4096' } },
      ),
    write: async ({ body }) => body,
    maybe: async ({ body }) => ({ body }),
    empty: async () => undefined,
  },
  authenticate: async (headers) => {
    const token =
      headers.get('authorization')?.slice('Bearer '.length) ?? /session=(\w*)/.exec(headers.get('cookie') ?? '')?.[1];
    if (token === undefined) return undefined;
    if (revoked.has(headers.get('authorization') ?? '')) throw new AgnesError('invalid_credentials', 'It was revoked.');
    const found = callers[token];
    if (found === undefined) throw new AgnesError('invalid_credentials', 'The token is wrong, expired or revoked.');
    return found;
  },
  grants: {
    table: async (_caller, id) => {
      if (id !== 'granted') throw new AgnesError('table_not_found', `There is no table '${id}' for you.`);
    },
    blob: async () => undefined,
  },
  audit: { note: (entry) => noted.push(entry) },
  findViewed: async () => {
    throw new Error('Nobody is looked at here.');
  },
  log: pino({ level: 'debug' }, { write: (line: string) => void logged.push(line) }),
  version: '1.2.3',
  trustedProxies: [],
  corsOrigins: [],
  hstsSeconds: 0,
  browsers: {
    origin: 'https://agnes.example.com',
    hasSession: (headers) => headers.get('cookie')?.includes('session=') === true,
    anonymousIsSomebody: false,
  },
};
const app = createApp(options);

/** The app behind a socket, where Node's answer has the headers that are common to all. */
async function listening(served: typeof app, onBroken?: (error: unknown) => void) {
  const { url, close } = await listen(served, '127.0.0.1', 0, onBroken && { onBroken });
  return {
    request: (path: string, init?: RequestInit) => fetch(url + path, init),
    [Symbol.asyncDispose]: () => close(0),
  };
}

const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });
const post = (path: string, body: string | Uint8Array<ArrayBuffer>, type: string | null = 'application/json') =>
  app.request(path, { method: 'POST', body, headers: type === null ? {} : { 'content-type': type } });
const problem = async (response: Response) => {
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const body = (await response.json()) as Record<string, unknown>;
  expect(body.status).toBe(response.status);
  return body;
};

beforeEach(() => {
  revoked.clear();
  logged = [];
  noted.length = 0;
});

test('work that has waited can ask whether its caller would still be let in', async () => {
  const headers = { authorization: 'Bearer session', 'x-revoke': 'yes' };
  expect((await problem(await app.request('/api/own', { headers }))).code).toBe('invalid_credentials');
});

describe('a refusal', () => {
  test.each([
    ['session', '/api/admin', 'forbidden', 'u1'],
    ['personal', '/api/session', 'session_required', 'u1'],
    ['wrong', '/api/own', 'invalid_credentials', null],
  ])('of %s at %s is noted: %s', async (token, path, result, userId) => {
    await app.request(path, as(token));
    expect(noted).toMatchObject([{ action: 'auth.refused', result, userId, resource: `operation:${path.slice(5)}` }]);
  });

  test('what is open, wrong or not there is none', async () => {
    await app.request('/api/open');
    await app.request('/api/nothing', as('session'));
    await app.request('/api/crash');
    expect(noted).toEqual([]);
  });
});

describe('construction', () => {
  test('an operation without a handler throws', () => {
    const { open: _, ...handlers } = options.handlers;
    expect(() => createApp({ ...options, handlers: handlers as typeof options.handlers })).toThrow("'open' has no");
  });

  test('a handler without an operation throws', () => {
    const handlers = { ...options.handlers, extra: async () => ({}) };
    expect(() => createApp({ ...options, handlers })).toThrow("'extra' implements no");
  });
});

describe('who may call', () => {
  test('without credentials: 401 unauthenticated, with a challenge', async () => {
    const response = await app.request('/api/own');
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="agnes"');
    expect(await problem(response)).toMatchObject({ code: 'unauthenticated', hint: expect.stringContaining('login') });
  });

  test('a wrong token: 401 invalid_credentials', async () => {
    const response = await app.request('/api/own', as('nope'));
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
    expect(await problem(response)).toMatchObject({ code: 'invalid_credentials' });
  });

  test.each([
    ['session', '/api/own', 200, undefined],
    ['personal', '/api/own', 200, undefined],
    ['scheduler', '/api/own', 403, 'forbidden'],
    ['session', '/api/session', 200, undefined],
    ['personal', '/api/session', 403, 'session_required'],
    ['scheduler', '/api/session', 403, 'forbidden'],
    ['session', '/api/admin', 403, 'forbidden'],
    ['admin', '/api/admin', 200, undefined],
    ['scheduler', '/api/admin', 403, 'forbidden'],
    ['personal', '/api/clock', 403, 'forbidden'],
    ['admin', '/api/clock', 200, undefined],
    ['scheduler', '/api/clock', 200, undefined],
    ['scheduler', '/api/tables/granted', 403, 'forbidden'],
    ['session', '/api/tables/granted', 200, undefined],
    ['session', '/api/tables/other', 404, 'table_not_found'],
  ])('%s at %s: %i %s', async (token, path, status, code) => {
    const response = await app.request(path, as(token));
    expect(response.status).toBe(status);
    if (code !== undefined) expect(await problem(response)).toMatchObject({ code });
  });

  test('a resource that is not granted hides what else is wrong with the request', async () => {
    expect((await app.request('/api/tables/other?n=x', as('session'))).status).toBe(404);
    expect((await app.request('/api/tables/granted?n=x', as('session'))).status).toBe(422);
  });
});

describe('the scope of a token', () => {
  test.each([
    ['pull', '/api/pull', 200],
    ['read', '/api/pull', 200],
    ['bootstrap-analyst', '/api/pull', 200],
    ['query', '/api/pull', 403],
    ['toString', '/api/pull', 403],
    ['unheard-of', '/api/pull', 403],
    ['', '/api/pull', 403],
    // What names no scope admits no narrow token, also not of an administrator.
    ['read', '/api/own', 403],
    ['read', '/api/admin', 403],
    ['read', '/api/clock', 403],
    ['read', '/api/tables/granted', 403],
    // Not admitted comes before what is there.
    ['read', '/api/tables/other', 403],
    ['read', '/api/open', 200],
  ])('%s at %s: %i', async (scope, path, status) => {
    for (const who of [`scope:${scope}`, `admin scope:${scope}`]) {
      const response = await app.request(path, as(who));
      expect(response.status).toBe(status);
      if (status === 403) expect(await problem(response)).toMatchObject({ code: 'scope_refused' });
    }
  });

  test('narrow or not, opens nothing that needs a session', async () => {
    const response = await app.request('/api/session', as('scope:read'));
    expect(await problem(response)).toMatchObject({ code: 'session_required' });
  });
});

describe('a page of another site', () => {
  const OWN = 'https://agnes.example.com';
  const send = (path: string, headers: Record<string, string>, body = '{"name":"x"}') =>
    app.request(path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
  const cookie = { cookie: 'session=session' };

  test.each([
    ['of the browser itself', { 'sec-fetch-site': 'same-origin' }, 200],
    ['by its origin', { origin: OWN }, 200],
    ['that is missing', {}, 403],
    ['of another site', { 'sec-fetch-site': 'cross-site' }, 403],
    ['of a sibling host', { 'sec-fetch-site': 'same-site', origin: OWN }, 403],
    ['of nobody', { 'sec-fetch-site': 'none' }, 403],
    ['by another origin', { origin: 'https://evil.example.com' }, 403],
    ['by another port', { origin: `${OWN}:8443` }, 403],
    ['by another scheme', { origin: 'http://agnes.example.com' }, 403],
    ['by no origin', { origin: 'null' }, 403],
    ['that contradicts itself', { 'sec-fetch-site': 'cross-site', origin: OWN }, 403],
  ])('cannot change anything with a cookie, nor send a form: proof %s', async (_, proof, status) => {
    for (const [path, headers] of [
      ['/api/change', cookie],
      ['/form', cookie],
      ['/form', {}],
    ] as const) {
      const response = await send(path, { ...headers, ...proof });
      expect(response.status, path).toBe(status);
      if (status === 403) expect(await problem(response)).toMatchObject({ code: 'csrf_refused' });
    }
  });

  test('needs no proof to read, and a program with a token none to write', async () => {
    expect((await app.request('/api/own', { headers: cookie })).status).toBe(200);
    const bearer = { authorization: 'Bearer session' };
    expect((await send('/api/change', bearer)).status).toBe(200);
    expect((await send('/api/change', { ...bearer, ...cookie, origin: 'https://app.example.com' })).status).toBe(200);
    expect((await send('/form', bearer)).status).toBe(403);
    expect(
      (await send('/api/open', { origin: 'https://app.example.com' }, '{"name":"a","email":"a@example.com"}')).status,
    ).toBe(201);
  });

  test('gets nowhere where everybody is somebody; programs do', async () => {
    const developing = createApp({
      ...options,
      authenticate: async () => callers.session,
      browsers: { ...options.browsers, anonymousIsSomebody: true },
    });
    const change = (headers: Record<string, string>) => developing.request('/api/change', { method: 'POST', headers });
    expect((await change({})).status).toBe(200);
    expect((await change({ 'sec-fetch-site': 'same-origin' })).status).toBe(200);
    expect((await change({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await change({ origin: 'http://evil.example.com' })).status).toBe(403);
  });

  test('reads nothing unless its origin is configured, and then not by the cookie', async () => {
    const evil = { headers: { origin: 'https://evil.example.com', ...cookie } };
    for (const each of [app, createApp({ ...options, corsOrigins: ['https://app.example.com'] })]) {
      const { headers } = await each.request('/api/own', evil);
      expect(headers.get('access-control-allow-origin')).toBeNull();
      expect(headers.get('access-control-allow-credentials')).toBeNull();
    }
    const open = createApp({ ...options, corsOrigins: ['https://app.example.com'] });
    const { headers } = await open.request('/api/own', { headers: { origin: 'https://app.example.com', ...cookie } });
    expect(headers.get('access-control-allow-origin')).toBe('https://app.example.com');
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    const preflight = {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example.com', 'access-control-request-method': 'POST' },
    };
    expect((await open.request('/api/own', preflight)).status).toBe(204);
    expect((await app.request('/api/own', preflight)).status).toBe(405);
  });
});

describe('a visitor', () => {
  test('is known by a session that holds, and nobody otherwise', async () => {
    const page = async (headers: Record<string, string>) => (await app.request('/page', { headers })).text();
    expect(await page({})).toBe('nobody');
    expect(await page({ cookie: 'session=session' })).toBe('a@example.com');
    expect(await page({ cookie: 'session=wrong' })).toBe('nobody');
    expect(await page({ authorization: 'Bearer personal' })).toBe('nobody');
    expect(await page({ authorization: 'Bearer scheduler' })).toBe('nobody');
  });

  test('sends a form, where one is taken and only there', async () => {
    const type = 'application/x-www-form-urlencoded';
    const form = (path: string, body: string) =>
      app.request(path, { method: 'POST', body, headers: { 'content-type': type, 'sec-fetch-site': 'same-origin' } });
    expect(await (await form('/form', 'name=J%C3%A1n+K&tag=a&tag=b')).json()).toEqual({
      name: 'Ján K',
      tag: ['a', 'b'],
      email: null,
    });
    expect((await form('/form', '')).status).toBe(422);
    expect((await form('/form', 'name=a&name=b')).status).toBe(422);
    expect((await form('/form', 'name=a&__proto__=b')).status).toBe(422);
    expect((await form('/form', `name=${'x'.repeat(MAX_BODY_BYTES)}`)).status).toBe(413);
    expect((await form('/api/open', 'name=x')).status).toBe(400);
  });
});

describe('input', () => {
  test('each wrong field is listed, and its value is not', async () => {
    const response = await post('/api/open', JSON.stringify({ email: 'hunter2', password: 123456, zzz: 1 }));
    expect(response.status).toBe(422);
    const body = await problem(response);
    expect(body).toMatchObject({
      code: 'invalid_request',
      hint: expect.stringContaining('openapi'),
      issues: [
        { field: 'body.name', message: 'is missing' },
        { field: 'body.email', message: 'is not a valid email' },
        { field: 'body.password', message: 'has an invalid type (expected string)', expected: 'string' },
        { field: 'body.zzz', message: 'is not a known field' },
      ],
    });
    expect(JSON.stringify(body)).not.toMatch(/hunter2|123456/);
  });

  test('a custom message of the schema is kept', async () => {
    const body = await problem(await app.request('/api/tables/granted?n=-1', as('session')));
    expect(body.issues).toMatchObject([{ field: 'query.n', message: 'must be a whole number' }]);
  });

  test('a query parameter that is given twice is refused', async () => {
    expect((await app.request('/api/tables/granted?n=1&n=2', as('session'))).status).toBe(422);
  });

  test('inside a union, the field is named', async () => {
    const body = await problem(await post('/api/maybe', '{"tables":[1]}'));
    expect(body.issues).toMatchObject([{ field: 'body.tables.0' }]);
  });

  test.each([
    ['broken JSON', '{"name":', 'application/json', 400, 'malformed_request'],
    ['a form', 'name=x', 'application/x-www-form-urlencoded', 400, 'malformed_request'],
    ['no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'application/json', 400, 'malformed_request'],
    ['nothing', '', 'application/json', 422, 'invalid_request'],
    ['the wrong JSON', '[]', 'application/json', 422, 'invalid_request'],
    ['too much', `"${'x'.repeat(MAX_BODY_BYTES)}"`, 'application/json', 413, 'payload_too_large'],
  ])('a body that is %s (%#): refused', async (_name, body, type, status, code) => {
    const response = await post('/api/open', body, type);
    expect(response.status).toBe(status);
    expect(await problem(response)).toMatchObject({ code });
  });

  test('a body without a length is not read past the limit', async () => {
    let pulled = 0;
    const stream = new ReadableStream({
      pull: (controller) => {
        pulled += 65_536;
        controller.enqueue(new Uint8Array(65_536).fill(32));
      },
    });
    const request = new Request('http://localhost/api/open', { method: 'POST', body: stream, duplex: 'half' });
    expect((await app.request(request)).status).toBe(413);
    expect(pulled).toBeLessThan(2 * MAX_BODY_BYTES);
  });

  test('a body may have no declared type, and may be absent where that is allowed', async () => {
    const sent = new TextEncoder().encode('{"name":"a","email":"a@example.com"}');
    expect((await post('/api/open', sent, null)).status).toBe(201);
    const response = await app.request('/api/maybe', { method: 'POST' });
    expect(await response.json()).toEqual({ body: null });
  });
});

describe('answers', () => {
  test('a path that is not declared: 404; a method that is not: 405 with Allow', async () => {
    const missing = await app.request('/api/none');
    expect(missing.status).toBe(404);
    expect(await problem(missing)).toMatchObject({ code: 'not_found', hint: expect.any(String) });
    const wrong = await app.request('/api/open', { method: 'PUT' });
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('allow')).toBe('GET, HEAD, POST, DELETE');
    expect(await problem(wrong)).toMatchObject({ code: 'method_not_allowed' });
  });

  test('HEAD answers as GET does, without the body, and closes what was behind it', async () => {
    const get = await app.request('/api/open');
    const head = await app.request('/api/open', { method: 'HEAD' });
    expect(head.status).toBe(200);
    expect(await head.text()).toBe('');
    expect(head.headers.get('content-length')).toBe(get.headers.get('content-length'));
    expect((await app.request('/api/bytes', { method: 'HEAD' })).headers.get('content-length')).toBe('4096');
    expect(bodyClosed).toBe(true);
  });

  test('an empty answer has no body and no type', async () => {
    const response = await app.request('/api/open', { method: 'DELETE' });
    expect([response.status, await response.text(), response.headers.get('content-type')]).toEqual([204, '', null]);
  });

  test('large JSON is gzipped when the client takes it, and its ETag becomes weak', async () => {
    const response = await app.request('/api/big', { headers: { 'accept-encoding': 'gzip' } });
    expect(response.headers.get('content-encoding')).toBe('gzip');
    expect(response.headers.get('etag')).toBe('W/"1"');
    expect(response.headers.get('vary')).toBe('Accept-Encoding');
    const text = gunzipSync(Buffer.from(await response.arrayBuffer())).toString();
    expect(JSON.parse(text)).toEqual({ text: 'x'.repeat(5000) });
  });

  test('small JSON and plain clients get it as it is', async () => {
    const small = await app.request('/api/open', { headers: { 'accept-encoding': 'gzip' } });
    expect(small.headers.get('content-encoding')).toBeNull();
    expect((await app.request('/api/big')).headers.get('content-encoding')).toBeNull();
  });

  test('bytes are never compressed', async () => {
    const response = await app.request('/api/bytes', { headers: { 'accept-encoding': 'gzip' } });
    expect(response.headers.get('content-encoding')).toBeNull();
    await response.body?.cancel();
  });

  test('what is kept of an answer is kept by the origin that asked, where pages of others may ask', async () => {
    await using server = await listening(createApp({ ...options, corsOrigins: ['https://app.example.com'] }));
    for (const headers of [{}, { origin: 'https://app.example.com' }, { origin: 'https://evil.example.com' }]) {
      const response = await server.request('/api/own', { headers });
      expect(response.headers.get('vary')).toContain('Origin');
    }
  });

  test('a stored file is still known as one when its answer reaches the socket', async () => {
    const broken: unknown[] = [];
    const served = createApp({ ...options, corsOrigins: ['https://app.example.com'] });
    await using server = await listening(served, (error) => broken.push(error));
    await expect(server.request('/api/gone')).rejects.toThrow();
    // Only who sends a file from the disk itself tells that it cannot.
    expect(broken).toMatchObject([{ message: 'The file is gone.' }]);
  });

  test('429 says when to come back', async () => {
    expect((await app.request('/api/busy')).headers.get('retry-after')).toBe('8');
  });

  test('each answer carries version and security headers, and is kept by no cache unless its handler says so', async () => {
    await using server = await listening(app);
    for (const path of ['/api/open', '/api/none', '/api/own', '/api/crash', '/api/bytes', '/api/empty']) {
      const { headers } = await server.request(path);
      expect(headers.get('x-agnes-latest-version')).toBe('1.2.3');
      expect(headers.get('x-agnes-min-version')).toBe('0.0.0');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'");
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('x-frame-options')).toBe('DENY');
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
      expect(headers.get('strict-transport-security')).toBeNull();
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-request-id')).toMatch(/^[0-9a-f]{12}$/);
    }
    expect((await server.request('/api/big')).headers.get('cache-control')).toBe('private');
    await using strict = await listening(createApp({ ...options, hstsSeconds: 60 }));
    expect((await strict.request('/api/none')).headers.get('strict-transport-security')).toBe('max-age=60');
  });

  test('a page says itself what it may do, and keeps the rest', async () => {
    await using server = await listening(app);
    const { headers } = await server.request('/api/none', { headers: { accept: 'text/html' } });
    expect(headers.get('content-security-policy')).toContain("style-src 'self'");
    expect(headers.get('referrer-policy')).toBe('strict-origin');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('cache-control')).toBe('no-store');
  });
});

describe('request ids and the log', () => {
  test.each([
    ['abc_DEF-1', 'abc_DEF-1'],
    ['a b/../"c', 'abc'],
    ['x'.repeat(100), 'x'.repeat(64)],
  ])('the client’s id is kept, case %#', async (sent, kept) => {
    await using server = await listening(app);
    const response = await server.request('/api/open', { headers: { 'x-request-id': sent } });
    expect(response.headers.get('x-request-id')).toBe(kept);
    expect(await response.json()).toMatchObject({ id: kept });
  });

  test('without a usable one a new id is made', async () => {
    await using server = await listening(app);
    const response = await server.request('/api/open', { headers: { 'x-request-id': '///' } });
    expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f]{12}$/);
  });

  test('an unexpected error tells the client its request id, and the log everything', async () => {
    const response = await app.request('/api/crash', { headers: { 'x-request-id': 'r1' } });
    expect(response.status).toBe(500);
    const body = await problem(response);
    expect(body).toMatchObject({ code: 'internal_error', request_id: 'r1' });
    expect(JSON.stringify(body)).not.toContain('hunter2');
    const line = logged.find((text) => text.includes('app.test.ts'));
    expect(line).toContain('"request_id":"r1"');
  });

  test.each(['application/json', 'text/html'])(
    'a token in the place of an id is not said again as %s',
    async (accept) => {
      const token = `agnes_pat_${'a1'.repeat(24)}x`;
      const headers = { authorization: 'Bearer session', accept };
      const text = await (await app.request(`/api/tables/${token}?n=1`, { headers })).text();
      expect(text).toContain('agnes_pat_…');
      expect(text).not.toContain(token);
    },
  );

  test('a request is one line, with the path pattern and the user, without what was sent', async () => {
    await app.request('/api/tables/granted?n=123456', {
      headers: { authorization: 'Bearer session', cookie: 'c=secret1' },
    });
    expect(logged).toHaveLength(1);
    expect(JSON.parse(logged[0] ?? '')).toMatchObject({
      method: 'GET',
      path: '/api/tables/{id}',
      status: 200,
      user_id: 'u1',
      ms: expect.any(Number),
      request_id: expect.any(String),
    });
    expect(logged[0]).not.toMatch(/123456|Bearer|secret1|granted/);
  });
});
