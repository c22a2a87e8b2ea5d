import { expect, test } from 'vitest';
import { readLines } from './lines.ts';

async function linesOf(chunks: readonly string[], maxBytes = 100): Promise<string[]> {
  const lines: string[] = [];
  async function* stream(): AsyncGenerator<Uint8Array> {
    for (const chunk of chunks) yield Buffer.from(chunk, 'latin1');
  }
  for await (const line of readLines(stream(), maxBytes)) lines.push(line);
  return lines;
}

test.each([
  ['several in a chunk', ['a\nb\n'], ['a', 'b']],
  ['one over several chunks', ['a', 'b', 'c\nd'], ['abc', 'd']],
  ['ends of both kinds, and none at the end', ['a\r\nb\nc'], ['a', 'b', 'c']],
  ['empty ones', ['\n\n', 'a\n\n'], ['a']],
  ['a letter cut in two', ['\xc5', '\xbe\n'], ['ž']],
  ['nothing', [], []],
] as const)('%s', async (_what, chunks, lines) => {
  expect(await linesOf(chunks)).toStrictEqual(lines);
});

test('a line that is too long is refused before it ends', async () => {
  await expect(linesOf(['x'.repeat(60), 'x'.repeat(60)])).rejects.toMatchObject({ code: 'connector_protocol' });
  expect(await linesOf([`${'x'.repeat(100)}\n`])).toHaveLength(1);
});
