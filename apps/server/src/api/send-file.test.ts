import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, open, readdir, readlink, rm, truncate, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BlobStore, blobFileOf, openFilesystemBlobs, streamFile, streamResponse } from '@agnes/blobs';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { HttpEnvironment } from './environment.ts';
import { type Listener, listen } from './listen.ts';

const ENDLESS = 256 * 1024 ** 2;
const bytes = randomBytes(3 * 1024 * 1024 + 7);

let folder: string;
let blobs: BlobStore;
let sha256: string;
let listener: Listener;
let broken: unknown[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-send-file-'));
  blobs = await openFilesystemBlobs(folder);
  await writeFile(join(folder, 'file'), bytes);
  ({ sha256 } = await blobs.putFile(join(folder, 'file')));
  broken = [];
  const app = new Hono<HttpEnvironment>();
  app.get('/whole', () => {
    const headers = { 'content-length': String(bytes.length), 'x-more': 'yes' };
    return streamResponse(blobs.read(sha256), { headers });
  });
  // More than the system takes for a client that does not read.
  const endless = join(folder, 'endless');
  await writeFile(endless, '');
  await truncate(endless, ENDLESS);
  app.get('/endless', () => {
    const headers = { 'content-length': String(ENDLESS) };
    return streamResponse(
      streamFile(() => open(endless, 'r')),
      { headers },
    );
  });
  app.get('/range/:start/:end', (context) => {
    const [start, end] = [Number(context.req.param('start')), Number(context.req.param('end'))];
    const headers = { 'content-length': String(end - start + 1) };
    return streamResponse(blobs.read(sha256, { start, end }), { status: 206, headers });
  });
  listener = await listen(app, '127.0.0.1', 0, { onBroken: (error) => broken.push(error), stallMs: 1000 });
});

afterEach(async () => {
  await listener.close(0);
  await rm(folder, { recursive: true });
});

async function get(path: string): Promise<{ response: Response; body: Buffer }> {
  const response = await fetch(`${listener.url}${path}`);
  return { response, body: Buffer.from(await response.arrayBuffer()) };
}

/** Files of the store that this process has open; undefined where no system tells. */
async function openBlobs(): Promise<number | undefined> {
  if (process.platform !== 'linux') return undefined;
  const links = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  return (await Promise.all(links)).filter((path) => path.startsWith(folder)).length;
}

describe('a file of the store', () => {
  test('arrives byte for byte, with the status and headers of the answer, many at a time over few connections', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => get('/whole')));
    for (const { response, body } of answers) {
      expect(response.status).toBe(200);
      expect(response.headers.get('x-more')).toBe('yes');
      expect(createHash('sha256').update(body).digest('hex')).toBe(sha256);
    }
    expect(broken).toEqual([]);
  });

  test.each([
    [0, 0],
    [5, 262_144],
    [262_143, 524_290],
    [3 * 1024 * 1024, bytes.length - 1],
  ])('is sent from byte %i to byte %i', async (start, end) => {
    const { response, body } = await get(`/range/${start}/${end}`);
    expect(response.status).toBe(206);
    expect(body.equals(bytes.subarray(start, end + 1))).toBe(true);
  });

  test('is closed when the client goes away in the middle, and those that wait behind it get nothing', async () => {
    const { hostname, port } = new URL(listener.url);
    const socket = connect(Number(port), hostname);
    socket.write('GET /whole HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(5));
    await once(socket, 'data');
    socket.destroy();
    await vi.waitFor(async () => expect((await openBlobs()) ?? 0).toBe(0), 5000);
    expect((await get('/whole')).body.equals(bytes)).toBe(true);
    expect(broken).toEqual([]);
  });

  test('is closed, and its connection cut, when the client takes nothing more of it', async () => {
    const { hostname, port } = new URL(listener.url);
    const socket = connect(Number(port), hostname);
    const closed = once(socket, 'close');
    socket.write('GET /endless HTTP/1.1\r\nhost: x\r\n\r\n');
    await once(socket, 'readable');
    await vi.waitFor(async () => expect((await openBlobs()) ?? 0).toBe(0), 20_000);
    socket.resume();
    await closed;
    expect(broken).toEqual([]);
  });

  test('is sent to its end to a client that takes it slowly', async () => {
    const { hostname, port } = new URL(listener.url);
    const socket = connect(Number(port), hostname);
    socket.write('GET /whole HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
    let received = 0;
    for await (const chunk of socket) {
      received += (chunk as Buffer).length;
      await sleep(25);
    }
    expect(received).toBeGreaterThan(bytes.length);
  });

  test.each([
    ['cut short', (path: string) => truncate(path, 1_000_000)],
    ['gone', (path: string) => rm(path)],
  ])('that is %s ends the connection, and somebody is told', async (_what, damage) => {
    await chmod(blobs.path(sha256), 0o600);
    await damage(blobs.path(sha256));
    await expect(get('/whole')).rejects.toThrow();
    expect(broken).toHaveLength(1);
    expect((await openBlobs()) ?? 0).toBe(0);
  });
});

test('a stream that somebody has begun to read is sent as a stream', async () => {
  const stream = blobs.read(sha256);
  const response = streamResponse(stream, {});
  expect(blobFileOf(response)).toBeDefined();
  const reader = stream.getReader();
  await reader.read();
  expect(blobFileOf(response)).toBeUndefined();
  await reader.cancel();
});
