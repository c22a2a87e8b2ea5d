import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { AgnesError, toProblem } from '@agnes/errors';
import { afterEach, describe, expect, test } from 'vitest';
import { createClient } from './index.ts';

const TOKEN = 'agnes_pat_0123456789secret';
/** A certificate for 127.0.0.1 that nobody trusts, and its key: good for nothing else. */
const certificate = der(
  'MIIBjzCCATagAwIBAgIUHdmzh6aQo8UGK84/IAOayhZoSNkwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTEwMj' +
    'M0MVoYDzIxMjYxMDI4MTAyMzQxWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATLXLzlXZdhMmjRmh8v' +
    'sVCzfKZIB0xj3KZjqNlOX295fei+3BgTOWwHwyXLTpiy4rIKire2vhTeEERvwrqVfsKYo2QwYjAdBgNVHQ4EFgQUSRnIzZu2bNN06WqvlfC9fZ' +
    'krJXAwHwYDVR0jBBgwFoAUSRnIzZu2bNN06WqvlfC9fZkrJXAwDwYDVR0TAQH/BAUwAwEB/zAPBgNVHREECDAGhwR/AAABMAoGCCqGSM49BAMC' +
    'A0cAMEQCIB6qzD6TBiuauxSGcl/e4X+ZLuL8ZRDUAOos52LzIJNKAiBfl7hhCWSd8zID2P55pTEZwDpPpP+gYP7mnRaZOSu17Q==',
);
const key = der(
  'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgvXCr6qOUCTeAHLF08VRgMA3//GRX+aRd38d4X71Fr9mhRANCAATLXLzlXZdhMm' +
    'jRmh8vsVCzfKZIB0xj3KZjqNlOX295fei+3BgTOWwHwyXLTpiy4rIKire2vhTeEERvwrqVfsKY',
);
function der(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(answer: Answer): Promise<{ url: string; seen: IncomingMessage[] }> {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    answer(request, response);
  });
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Answer => {
  return (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  };
};

async function failure(promise: Promise<unknown>): Promise<AgnesError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AgnesError);
  expect(everythingIn(error)).not.toContain(TOKEN);
  return error as AgnesError;
}

function everythingIn(error: unknown): string {
  if (!(error instanceof Error)) return JSON.stringify(error) ?? '';
  return `${error.stack} ${JSON.stringify({ ...error })} ${everythingIn(error.cause)}`;
}

describe('a request', () => {
  test('has the path, query, body, token and agent of the operation', async () => {
    const bodies: string[] = [];
    const { url, seen } = await serve((request, response) => {
      request.on('data', (chunk: Buffer) => bodies.push(chunk.toString()));
      request.on('end', () => json({ id: 'tbl_1', updated: ['description'] })(request, response));
    });
    const client = createClient({ server: `${url}/base/`, token: TOKEN, userAgent: 'agnes/1.0' });
    const answer = await client.updateTable({ params: { id: 'a/b?c' }, body: { description: null } });
    expect(answer).toEqual({ id: 'tbl_1', updated: ['description'] });
    await client.listJobs({ query: { limit: '5' } });
    expect(seen.map(({ method, url: path }) => `${method} ${path}`)).toEqual([
      'PUT /base/api/admin/registry/a%2Fb%3Fc',
      'GET /base/api/jobs?limit=5',
    ]);
    expect(seen[0]?.headers).toMatchObject({ authorization: `Bearer ${TOKEN}`, 'user-agent': 'agnes/1.0' });
    expect(bodies).toEqual(['{"description":null}']);
  });

  test.each(['', '.', '..'])('never lets the id %j reach another operation', async (id) => {
    const { url, seen } = await serve(json({}));
    expect((await failure(createClient({ server: url }).getJob({ params: { id } }))).code).toBe('invalid_identifier');
    expect(seen).toHaveLength(0);
  });

  test('with an empty answer gives undefined, and bytes come as a response', async () => {
    const { url } = await serve((request, response) => {
      if (request.method === 'DELETE') response.writeHead(204).end();
      else response.writeHead(200, { 'content-type': 'application/vnd.apache.parquet' }).end('PAR1');
    });
    const client = createClient({ server: url, token: TOKEN });
    expect(await client.unregisterTable({ params: { id: 'x' } })).toBeUndefined();
    expect(await (await client.getBlob({ params: { sha256: 'a'.repeat(64) } })).text()).toBe('PAR1');
  });

  test('that is conditional is answered through raw, 304 included', async () => {
    const { url, seen } = await serve((_request, response) => response.writeHead(304, { etag: '"v1"' }).end());
    const response = await createClient({ server: url }).raw(
      'syncManifest',
      {},
      { headers: { 'if-none-match': '"v1"' } },
    );
    expect([response.status, response.headers.get('etag')]).toEqual([304, '"v1"']);
    expect(seen[0]?.headers['if-none-match']).toBe('"v1"');
  });

  test('ends with the reason of its signal', async () => {
    const { url } = await serve(() => {});
    const stop = new AbortController();
    const waiting = createClient({ server: url }).version({ signal: stop.signal });
    stop.abort(new Error('stopped by the user'));
    await expect(waiting).rejects.toThrow('stopped by the user');
  });
});

describe('a server that answers with an error', () => {
  test('gives its own code, hint and request id', async () => {
    const problem = toProblem(
      new AgnesError('table_exists', "There is a table 'x'.", { hint: 'Choose another.' }),
      'r1',
    );
    const { url, seen } = await serve(json(problem, 409));
    const error = await failure(createClient({ server: url }).registerTable({ body: { name: 'x' } }));
    expect(error).toMatchObject({ code: 'table_exists', hint: 'Choose another.', exitCode: 6 });
    expect(error.details.request_id).toBe('r1');
    expect(seen).toHaveLength(1);
  });

  test('cannot put the token into an error', async () => {
    const { url } = await serve(json({ ...toProblem(new AgnesError('forbidden', `no ${TOKEN}`)), extra: TOKEN }, 403));
    expect((await failure(createClient({ server: url, token: TOKEN }).version())).message).toBe('no <token>');
  });

  test.each([
    ['a page where JSON was expected', 200, 'text/html'],
    ['a proxy error', 502, 'HTTP 502'],
  ])('that is %s names the server', async (_what, status, text) => {
    const { url } = await serve((_request, response) => {
      response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end('<html>');
    });
    const error = await failure(createClient({ server: url, token: TOKEN }).version());
    expect(error.code).toBe('server_error');
    expect(error.message).toContain(url);
    expect(error.message).toContain(text);
  });
});

describe('redirects', () => {
  test('within the server are followed', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/api/version') response.writeHead(302, { location: '/moved' }).end();
      else json({ version: '1' })(request, response);
    });
    expect(await createClient({ server: url }).version()).toEqual({ version: '1' });
  });

  test('to another host are refused, and the token does not travel', async () => {
    const elsewhere = await serve(json({}));
    const { url } = await serve((_request, response) => response.writeHead(307, { location: elsewhere.url }).end());
    const error = await failure(createClient({ server: url, token: TOKEN }).registerTable({ body: { name: 'x' } }));
    expect(error.code).toBe('server_error');
    expect(error.hint).toContain(elsewhere.url);
    expect(elsewhere.seen).toHaveLength(0);
  });

  test('in a circle end', async () => {
    const { url, seen } = await serve((_request, response) => response.writeHead(302, { location: '/again' }).end());
    expect((await failure(createClient({ server: url }).version())).message).toContain('circle');
    expect(seen.length).toBeLessThan(10);
  });
});

describe('a network that fails', () => {
  test('refused connections name the server and what to try', async () => {
    const { url } = await serve(json({}));
    for (const close of closing.splice(0)) close();
    const error = await failure(createClient({ server: url, token: TOKEN }).version());
    expect(error).toMatchObject({ code: 'server_unreachable', details: { reason: 'ECONNREFUSED' } });
    expect(error.hint).toContain(`${url}/healthz`);
  });

  test('an unknown name is said to be one', async () => {
    const error = await failure(createClient({ server: 'https://agnes.invalid', token: TOKEN }).version());
    expect(error.code).toBe('server_unreachable');
    expect(error.message).toContain('https://agnes.invalid');
  });

  test('an unknown certificate authority gets the way to trust it', async () => {
    const tls = {
      key: createPrivateKey({ key, format: 'der', type: 'pkcs8' }).export({ format: 'pem', type: 'pkcs8' }),
      cert: new X509Certificate(certificate).toString(),
    };
    const server = createTlsServer(tls, (_request, response) => response.end('{}'));
    closing.push(() => server.close());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const error = await failure(createClient({ server: url, token: TOKEN }).version());
    expect(error.code).toBe('server_unreachable');
    expect(error.hint).toContain('NODE_EXTRA_CA_CERTS');
  });

  test('a silent server is given up after the time limit', async () => {
    const { url } = await serve(() => {});
    const error = await failure(createClient({ server: url, timeoutMs: 50 }).version());
    expect(error).toMatchObject({ code: 'server_unreachable', details: { reason: 'timeout' } });
  });

  test('the time limit ends with the headers when the answer is bytes', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200).write('PA');
      setTimeout(() => response.end('R1'), 300);
    });
    const client = createClient({ server: url, timeoutMs: 150 });
    expect(await (await client.getBlob({ params: { sha256: 'a'.repeat(64) } })).text()).toBe('PAR1');
  });

  test('GET is tried again when the connection breaks, also within the body', async () => {
    let count = 0;
    const { url } = await serve((request, response) => {
      count += 1;
      if (count === 1) return request.socket.destroy();
      if (count === 3) return json({ version: '1' })(request, response);
      response.writeHead(200, { 'content-length': '100' }).write('{');
      setTimeout(() => request.socket.destroy(), 10);
    });
    expect(await createClient({ server: url }).version()).toEqual({ version: '1' });
  });

  test.each([503, 429])('GET waits as a %i asks, and gives up after three tries', async (status) => {
    const busy = toProblem(new AgnesError(status === 429 ? 'too_many_requests' : 'unavailable', 'Busy.'));
    const { url, seen } = await serve(json(busy, status, { 'retry-after': '0' }));
    expect((await failure(createClient({ server: url }).version())).status).toBe(status);
    expect(seen).toHaveLength(3);
  });

  test('a long pause is not waited for', async () => {
    const { url, seen } = await serve(
      json(toProblem(new AgnesError('unavailable', 'Busy.')), 503, { 'retry-after': '3600' }),
    );
    expect((await failure(createClient({ server: url }).version())).code).toBe('unavailable');
    expect(seen).toHaveLength(1);
  });

  test('nothing but GET is sent twice', async () => {
    const { url, seen } = await serve((request) => request.socket.destroy());
    const error = await failure(createClient({ server: url, token: TOKEN }).registerTable({ body: { name: 'x' } }));
    expect(error.code).toBe('server_unreachable');
    expect(seen).toHaveLength(1);
  });
});

describe('what cannot be sent', () => {
  test.each(['agnes.example.com', 'ftp://example.com', 'https://ann:pw@example.com', ''])(
    '%j is no address',
    (server) => {
      expect(() => createClient({ server })).toThrow(expect.objectContaining({ code: 'usage' }));
      expect(() => createClient({ server })).not.toThrow(/pw/);
    },
  );

  test.each(['', `${TOKEN}\n`, 'ž'])('a token of other characters (%j) is refused and not repeated', async (token) => {
    const make = async () => createClient({ server: 'http://127.0.0.1:1', token });
    expect((await failure(make())).code).toBe('invalid_credentials');
  });
});
