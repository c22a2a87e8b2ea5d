import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '@agnes/duckdb';
import { expect, test } from 'vitest';
import { rewriteExactNumbers } from './json-numbers.ts';

test('a broken line late in a file with a long number is an error, and not the end of the file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'agnes-broken-'));
  try {
    const path = join(folder, 'a.ndjson');
    const pad = 'p'.repeat(130);
    const lines = Array.from({ length: 300_000 }, (_, i) =>
      i === 290_000 ? '{"id": 290000, "broken' : `{"id":${i},"n":123456789012345678901234567890,"pad":"${pad}"}`,
    );
    await writeFile(path, `${lines.join('\n')}\n`);
    await using database = await openDatabase(':memory:', { settings: { threads: '2' } });
    await using connection = await database.connect();
    const { size } = await stat(path);
    await expect(
      rewriteExactNumbers(connection, [{ path, size }], 'newline_delimited', folder, []).then(() => 'rewritten'),
    ).rejects.toThrow();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
