import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { SharedText } from './manifest-text.ts';

test.each([
  ['nothing', '', 'x'],
  ['a little', '{"a":', '1}'],
  ['letters of several bytes', '{"ä😀":', '"ß"}'],
  ['no end', 'x'.repeat(100), ''],
  ['much that repeats', '{"table":{"rows":1}},'.repeat(20_000), '"2026-01-01T00:00:00.000Z"}'],
  ['much that does not', randomBytes(200_000).toString('hex'), 'end'],
])('%s is one gzip file, which says what the plain text says, each time with another end', async (_name, head, end) => {
  const text = new SharedText(head);
  for (const last of [end, `${end} again`]) {
    const zipped = Buffer.concat(await text.gzipped(last));
    // A damaged length or checksum would throw.
    expect(gunzipSync(zipped).toString()).toBe(head + last);
    expect(Buffer.concat(text.plain(last)).toString()).toBe(head + last);
    if (head.length > 1000) expect(zipped.length).toBeLessThan(head.length);
  }
});
