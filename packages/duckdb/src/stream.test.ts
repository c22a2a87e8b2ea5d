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

const ENDLESS = 'SELECT a.range AS v FROM range(100000000) a, range(100000000) b';

test('one that is left early is over: the next transaction can begin', async () => {
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  for await (const chunk of connection.stream(ENDLESS)) {
    expect(chunk.length).toBeGreaterThan(0);
    break;
  }
  await connection.run('BEGIN TRANSACTION');
  await connection.run('ROLLBACK');
});

test('in a transaction of its caller it does not begin', async () => {
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  await connection.run('BEGIN TRANSACTION');
  await expect(connection.stream('SELECT 1')[Symbol.asyncIterator]().next()).rejects.toThrow('within a transaction');
  await connection.run('ROLLBACK');
});

test('one that is interrupted says so, and is not run again', async () => {
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  const read = async (): Promise<void> => {
    for await (const _ of connection.stream(ENDLESS)) connection.interrupt();
  };
  await expect(read()).rejects.toThrow('INTERRUPT');
});
