import { expect, test } from 'vitest';
import { startPostgres } from './postgres-server.ts';
import { administer } from './test-database.ts';

test('a real Postgres starts, answers and leaves nothing running', async () => {
  let url = '';
  {
    await using server = await startPostgres();
    url = server.url;
    expect(await administer(url, 'SELECT 1 + 1 AS n')).toEqual([{ n: 2 }]);
  }
  await expect(administer(url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
});
