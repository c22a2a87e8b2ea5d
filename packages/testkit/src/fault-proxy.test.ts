import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Fault, startFaultProxy } from './fault-proxy.ts';
import { withTimeout } from './start-process.ts';

const body = Buffer.alloc(300_000, 'agnes ');
let server: Server;
let target: string;

beforeAll(async () => {
  server = createServer((incoming, outgoing) => {
    outgoing.setHeader('x-method', incoming.method ?? '');
    outgoing.setHeader('content-length', body.length);
    outgoing.end(body);
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  target = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function get(fault?: Fault): Promise<Buffer> {
  await using proxy = await startFaultProxy(target, fault);
  return Buffer.from(await (await fetch(`${proxy.url}/file`)).arrayBuffer());
}

it('passes everything on unchanged without a fault', async () => {
  const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
  expect(sha(await get())).toBe(sha(body));
});

it.each<Fault>([{ kind: 'cut', afterBytes: 65_536 }, { kind: 'shorten', by: 1 }, { kind: 'refuse' }])(
  '$kind makes the client see a broken connection',
  async (fault) => {
    await expect(get(fault)).rejects.toThrow();
  },
);

it.each<[Fault, number]>([
  [{ kind: 'lengthen', by: 3 }, 300_003],
  [{ kind: 'gzip' }, 300_000],
  [{ kind: 'headers', set: { 'x-method': 'other' } }, 300_000],
  [{ kind: 'ignore-range' }, 300_000],
])('%j ends with %i bytes', async (fault, length) => {
  expect(await get(fault)).toHaveLength(length);
});

it.each<Fault>([{ kind: 'silence' }, { kind: 'trickle', afterBytes: 10, everyMs: 20 }])(
  '$kind comes to no end',
  async (fault) => {
    await using proxy = await startFaultProxy(target, fault);
    const whole = fetch(proxy.url).then((response) => response.arrayBuffer());
    whole.catch(() => undefined);
    expect(await withTimeout(whole, 200)).toBeUndefined();
    expect(proxy.requests[0]?.sent).toBe(fault.kind === 'silence' ? 0 : 10);
  },
);

it('corrupts exactly one byte', async () => {
  const got = await get({ kind: 'corrupt', at: 100_000 });
  const differing = [...got.keys()].filter((at) => got[at] !== body[at]);
  expect({ differing, length: got.length }).toEqual({ differing: [100_000], length: body.length });
});

it('stalls: some bytes come, then nothing, and the connection stays open', async () => {
  await using proxy = await startFaultProxy(target, { kind: 'stall', afterBytes: 10 });
  const response = await fetch(proxy.url);
  const reader = response.body?.getReader();
  expect((await reader?.read())?.value?.length).toBe(10);
  expect(await withTimeout(Promise.resolve(reader?.read()), 200)).toBeUndefined();
  await reader?.cancel();
});

it('answers for the server, for chosen requests only, and remembers all', async () => {
  await using proxy = await startFaultProxy(target, ({ path }) =>
    path === '/bad' ? { kind: 'answer', status: 503, headers: { 'retry-after': '1' } } : undefined,
  );
  const bad = await fetch(`${proxy.url}/bad`);
  expect([bad.status, bad.headers.get('retry-after')]).toEqual([503, '1']);
  const good = await fetch(`${proxy.url}/good`, { method: 'HEAD' });
  expect([good.status, good.headers.get('x-method')]).toEqual([200, 'HEAD']);
  proxy.setFault({ kind: 'answer', status: 401 });
  expect((await fetch(`${proxy.url}/good`)).status).toBe(401);
  expect(proxy.requests.map(({ method, path, index }) => `${index} ${method} ${path}`)).toEqual([
    '0 GET /bad',
    '1 HEAD /good',
    '2 GET /good',
  ]);
});
