import { expect, test } from 'vitest';
import { openDatabase } from './index.ts';

const LATE = "SELECT CASE WHEN range = 900000 THEN error('late') ELSE 'a' END AS v FROM range(1000000)";

test('a stream that fails after its first rows throws, and does not just end', async () => {
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  const read = async (): Promise<number> => {
    let rows = 0;
    for await (const chunk of connection.stream(LATE)) rows += chunk.length;
    return rows;
  };
  await expect(read()).rejects.toThrow('late');
});

test('so does a stream of arrays', async () => {
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  const read = async (): Promise<number> => {
    let rows = 0;
    for await (const chunk of (await connection.streamArrays(LATE)).chunks) rows += chunk.length;
    return rows;
  };
  await expect(read()).rejects.toThrow('late');
});
