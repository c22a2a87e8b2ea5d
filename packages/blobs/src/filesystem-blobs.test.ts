import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type BlobStore, openFilesystemBlobs } from './index.ts';

let folder: string;
let root: string;
let blobs: BlobStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-blobs-'));
  root = join(folder, 'blobs');
  blobs = await openFilesystemBlobs(root);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex');
const later = () => new Date(Date.now() + 60_000);
const longAgo = new Date('2020-01-01T00:00:00Z');
const hello = sha256('hello');

async function* chunks(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    yield Buffer.from(part);
  }
}
async function all(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for await (const part of stream) {
    parts.push(part);
  }
  return parts;
}
async function source(content: string | Uint8Array, name = 'source'): Promise<string> {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

describe('putting a file', () => {
  test('stores its content read-only under its hash, and leaves the file where it was', async () => {
    const path = await source('hello');
    expect(await blobs.putFile(path)).toEqual({ sha256: hello, size_bytes: 5 });
    expect(blobs.path(hello)).toBe(join(root, 'sha256', hello.slice(0, 2), hello));
    expect(await readFile(blobs.path(hello), 'utf8')).toBe('hello');
    expect((await stat(blobs.path(hello))).mode & 0o222).toBe(0);
    expect(existsSync(path)).toBe(true);
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
  });

  test('a producer that rewrites its file in place does not change the blob', async () => {
    const path = await source('hello');
    await blobs.putFile(path);
    await writeFile(path, 'HELLO');
    expect(await blobs.verify(hello)).toBe(true);
  });

  test('moving takes the file away, also when its content is stored already', async () => {
    for (const name of ['a', 'b']) {
      const path = await source('hello', name);
      expect(await blobs.putFile(path, { move: true })).toEqual({ sha256: hello, size_bytes: 5 });
      expect(existsSync(path)).toBe(false);
    }
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
  });

  test('moving a file that has a second hard link copies it, so that the link is no way in', async () => {
    const path = await source('hello');
    await link(path, join(folder, 'second'));
    await blobs.putFile(path, { move: true });
    await writeFile(join(folder, 'second'), 'HELLO');
    expect(await blobs.verify(hello)).toBe(true);
    expect(existsSync(path)).toBe(false);
  });

  test.each([
    ['a symbolic link', 'source_file_invalid', async () => symlink(await source('secret'), join(folder, 'x'))],
    ['a folder', 'source_file_invalid', () => mkdir(join(folder, 'x'))],
    ['nothing', 'source_file_not_found', async () => undefined],
  ])('%s is refused with %s and nothing is stored', async (_what, code, make) => {
    await make();
    for (const move of [false, true]) {
      await expect(blobs.putFile(join(folder, 'x'), { move })).rejects.toMatchObject({ code });
    }
    expect(await readdir(join(root, 'sha256'))).toEqual([]);
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
  });

  test('a stored file of another length is replaced', async () => {
    await blobs.putFile(await source('hello'));
    await rm(blobs.path(hello));
    await writeFile(blobs.path(hello), 'hel');
    expect(await blobs.verify(hello)).toBe(false);
    await blobs.putFile(await source('hello'));
    expect(await blobs.verify(hello)).toBe(true);
  });

  test('twenty puts of one content at a time store it once', async () => {
    const path = await source(randomBytes(3_000_000));
    const put = await Promise.all(Array.from({ length: 20 }, () => blobs.putFile(path)));
    expect(new Set(put.map((blob) => blob.sha256)).size).toBe(1);
    expect(await blobs.verify(put[0]?.sha256 ?? '')).toBe(true);
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
  });
});

describe('putting a stream', () => {
  test('stores what it yields', async () => {
    expect(await blobs.putStream(chunks('hel', '', 'lo'))).toEqual({ sha256: hello, size_bytes: 5 });
    expect(await blobs.putStream(chunks(), { size_bytes: 0 })).toEqual({ sha256: sha256(''), size_bytes: 0 });
  });

  test.each([
    ['another hash', { sha256: sha256('other') }, 'download_corrupt'],
    ['too long', { size_bytes: 4 }, 'download_corrupt'],
    ['too short', { sha256: hello, size_bytes: 6 }, 'download_incomplete'],
  ])('content that is not what is expected (%s) leaves nothing', async (_what, expected, code) => {
    await expect(blobs.putStream(chunks('hel', 'lo'), expected)).rejects.toMatchObject({ code });
    expect(await readdir(join(root, 'sha256'))).toEqual([]);
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
  });

  test('a stream that fails leaves nothing', async () => {
    async function* broken() {
      yield Buffer.from('hel');
      throw new Error('cut');
    }
    await expect(blobs.putStream(broken())).rejects.toThrow('cut');
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
  });

  test('a full disk is storage_full with a way out', async () => {
    async function* full() {
      yield Buffer.from('hel');
      throw Object.assign(new Error('write'), { code: 'ENOSPC' });
    }
    const error = { code: 'storage_full', hint: expect.stringContaining('Free some space') };
    await expect(blobs.putStream(full())).rejects.toMatchObject(error);
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
  });

  test('what is stored already is not read again', async () => {
    await blobs.putStream(chunks('hello'));
    async function* untouched() {
      expect.fail('was read');
      yield Buffer.alloc(0);
    }
    expect(await blobs.putStream(untouched(), { sha256: hello })).toEqual({ sha256: hello, size_bytes: 5 });
  });
});

describe('reading', () => {
  const content = randomBytes(2_500_000);
  test('gives the bytes of the whole, of a range, and of a range past the end', async () => {
    const { sha256: name } = await blobs.putFile(await source(content));
    const bytes = async (range?: { start: number; end: number }) => Buffer.concat(await all(blobs.read(name, range)));
    expect((await bytes()).equals(content)).toBe(true);
    expect((await bytes({ start: 1_048_575, end: 1_048_576 })).equals(content.subarray(1_048_575, 1_048_577))).toBe(
      true,
    );
    expect((await bytes({ start: 2_499_999, end: 9_999_999 })).equals(content.subarray(2_499_999))).toBe(true);
  });

  test('an absent blob is blob_not_found to readers and undefined to stat', async () => {
    expect(await blobs.stat(hello)).toBeUndefined();
    await expect(all(blobs.read(hello))).rejects.toMatchObject({ code: 'blob_not_found' });
    await expect(blobs.verify(hello)).rejects.toMatchObject({ code: 'blob_not_found' });
  });

  test.each(['..', '../../etc/passwd', hello.toUpperCase(), `${hello}\n`, ''])('%j is no hash', async (text) => {
    expect(() => blobs.path(text)).toThrow('Not a SHA-256');
    expect(() => blobs.read(text)).toThrow('Not a SHA-256');
    await expect(blobs.stat(text)).rejects.toThrow('Not a SHA-256');
  });
});

describe('a sweep', () => {
  test('removes what is neither live nor young, and stale temporary files', async () => {
    const live = await blobs.putStream(chunks('live'));
    const dead = await blobs.putStream(chunks('dead!'));
    await writeFile(join(root, 'tmp', 'put-left-by-a-crash'), 'x');
    expect(await blobs.sweep(() => false, { olderThan: longAgo })).toEqual({ removed: 0, bytes: 0, kept: 2 });
    expect(await blobs.sweep((name) => name === live.sha256, { olderThan: later() })).toEqual({
      removed: 1,
      bytes: 5,
      kept: 1,
    });
    expect(await blobs.stat(dead.sha256)).toBeUndefined();
    expect(await blobs.verify(live.sha256)).toBe(true);
    expect(await readdir(join(root, 'tmp'))).toEqual([]);
  });

  test('spares what was put again', async () => {
    await blobs.putStream(chunks('hello'));
    await utimes(blobs.path(hello), longAgo, longAgo);
    await blobs.putStream(chunks('hello'));
    expect(await blobs.sweep(() => false, { olderThan: new Date(Date.now() - 60_000) })).toMatchObject({ removed: 0 });
  });

  test.each([
    ['the same process', () => blobs],
    // A second store on the folder knows as little of the first as another process does.
    ['another process', () => openFilesystemBlobs(root)],
  ])('from %s never takes what a concurrent put has returned', async (_where, open) => {
    const sweeper = await open();
    const contents = Array.from({ length: 40 }, (_, index) => `content ${index}`);
    for (let round = 0; round < 15; round += 1) {
      for (const content of contents) {
        const { sha256: hex } = await blobs.putStream(chunks(content));
        await utimes(blobs.path(hex), longAgo, longAgo);
      }
      const olderThan = new Date(Date.now() - 60_000);
      const sweeping = sweeper.sweep(() => false, { olderThan });
      // Puts of known content touch the file at once; in the order of the sweep they meet it again and again.
      for (const [hex, content] of contents.map((text) => [sha256(text), text] as const).sort()) {
        await blobs.putStream(chunks(content), { sha256: hex });
        if (sweeper === blobs) {
          expect(await blobs.stat(hex)).toBeDefined();
        }
      }
      await sweeping;
      for (const content of contents) {
        expect(await blobs.verify(sha256(content))).toBe(true);
      }
    }
  });

  test('brings back what an interrupted sweep had moved aside', async () => {
    await writeFile(join(root, 'tmp', `swept-${hello}`), 'hello');
    expect(await (await openFilesystemBlobs(root)).verify(hello)).toBe(true);
  });
});
