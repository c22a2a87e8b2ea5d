import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lineOfRecord } from './record-lines.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-lines-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each([
  ['the first', 'a\nb\n', 0, {}, 1],
  ['the last without a line end', 'a\nb', 1, {}, 2],
  ['one that is not there', 'a\nb\n', 2, {}, undefined],
  ['after empty lines', '\n\na\n\nb\n', 1, {}, 5],
  ['after empty lines that count', '\n\na\n', 2, { blank: true }, 3],
  ['after CRLF', 'a\r\n\r\nb\r\nc\r\n', 2, {}, 4],
  ['after CR alone', 'a\rb\rc', 2, {}, 3],
  ['after lines to skip', '"x\ny\na\nb\n', 1, { quote: '"', skip: 2 }, 4],
  ['after a quoted line end', 'a,"b\r\nc"\nd\n', 1, { quote: '"' }, 3],
  ['after a doubled quote', 'a,"b""\nc"\nd\n', 1, { quote: '"' }, 3],
  ['after an escaped quote', 'a,"b\\"\nc"\nd\n', 1, { quote: '"', escapedBy: '\\' }, 3],
] as const)('%s', async (_what, text, record, layout, line) => {
  const path = join(folder, 'a.txt');
  await writeFile(path, text);
  expect(await lineOfRecord(path, record, layout)).toBe(line);
});
