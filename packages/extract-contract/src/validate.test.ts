import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '@agnes/duckdb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { META_DDL, openExtractWriter, readExtract, validateExtract } from './index.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-extract-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function written(): Promise<string> {
  await using writer = await openExtractWriter(folder);
  await writer.writeTable({ name: 'a', select: 'SELECT range AS i FROM range(10)' });
  await writer.writeTable({ name: 'b', select: 'SELECT 1 AS i' });
  await writer.commit();
  const [table] = (await readExtract(folder)).tables;
  return table?.parts[0]?.path ?? '';
}

test('what the writer wrote has no problem', async () => {
  await written();
  expect(await validateExtract(folder)).toStrictEqual([]);
});

test('no extract is a problem, not an exception', async () => {
  expect(await validateExtract(folder)).toMatchObject([{ code: 'extract_missing', hint: expect.any(String) }]);
});

test.each<[string, (part: string) => Promise<unknown>, RegExp]>([
  ['is gone', (part) => rm(part), /not there/],
  ['was cut', (part) => truncate(part, 10), /bytes/],
  ['is a link to elsewhere', (part) => rm(part).then(() => symlink(import.meta.filename, part)), /outside/],
])('a part that %s is named, and the other table is fine', async (_case, harm, reason) => {
  await harm(await written());
  expect(await validateExtract(folder)).toMatchObject([
    { code: 'extract_invalid', table: 'a', message: expect.stringMatching(reason) },
  ]);
});

test('a view over files of others is refused', async () => {
  const secret = join(folder, '..', `${folder.split('/').at(-1)}-secret.txt`);
  await writeFile(secret, 'secret');
  try {
    {
      await using database = await openDatabase(join(folder, 'extract.duckdb'));
      await (await database.connect()).run(`${META_DDL}; CREATE VIEW v AS SELECT content FROM read_text('${secret}');
        INSERT INTO _meta VALUES ('v', NULL, 1, 1, NULL, 'local')`);
    }
    const problems = await validateExtract(folder);
    expect(problems).toMatchObject([{ code: 'publish_refused', table: 'v' }]);
    expect(JSON.stringify(problems)).not.toContain('"secret"');
  } finally {
    await rm(secret);
  }
});
