import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase, quoteLiteral } from '@agnes/duckdb';
import { expect, test } from 'vitest';
import { testServer } from './testing/server.test-setup.ts';
import { writeParquet } from './testing/sources.test-setup.ts';

/** The statements that other writers of the contract use, with their paths. */
const DDL = `
  CREATE TABLE _meta (table_name VARCHAR NOT NULL, description VARCHAR, rows BIGINT, size_bytes BIGINT,
    extracted_at TIMESTAMP, query_mode VARCHAR DEFAULT 'local');
  CREATE TABLE _remote_attach (alias VARCHAR, extension VARCHAR, url VARCHAR, token_env VARCHAR);
  INSERT INTO _remote_attach VALUES ('kbc', 'keboola', 'https://connection.example.com', 'KEBOOLA_STORAGE_TOKEN');
  INSERT INTO _meta VALUES
    ('orders', 'One row an order', 2, 0, '2026-01-02 03:04:05', 'local'),
    ('events', '', 3, 0, '2026-01-02 03:04:05', 'local'),
    ('customers', NULL, 1, 0, '2026-01-02 03:04:05', 'materialized'),
    ('rates', NULL, 1, 0, '2026-01-02 03:04:05', 'local'),
    ('far', NULL, 0, 0, '2026-01-02 03:04:05', 'remote');
  CREATE TABLE rates AS SELECT 'EUR' AS currency, 1.25::DECIMAL(9,4) AS rate`;

test('an extract that another program wrote on another machine is published as it is', async () => {
  await using server = await testServer();
  // Written where the folder was called something else, as on a machine with /data/extracts.
  const elsewhere = join(server.dataDir, 'another-machine', 'data', 'extracts', 'keboola');
  await mkdir(join(elsewhere, 'data', 'events'), { recursive: true });
  {
    await using database = await openDatabase(join(elsewhere, 'extract.duckdb'));
    await using connection = await database.connect();
    await connection.run(DDL);
    const parquet = async (path: string, select: string): Promise<void> => {
      await writeParquet(connection, join(elsewhere, 'data', path), select);
    };
    await parquet('orders.parquet', 'SELECT * FROM (VALUES (1, 9.5), (2, NULL)) t(id, total)');
    await parquet('events/2026-01.parquet', "SELECT 1 AS id, 'a' AS kind UNION ALL SELECT 2, 'b' ORDER BY id");
    await parquet('events/2026-02.parquet', "SELECT 3 AS id, 'c' AS kind");
    await parquet('customers.parquet', "SELECT 1 AS id, 'Ada' AS name");
    for (const [view, path] of [
      ['orders', 'orders.parquet'],
      ['events', 'events/*.parquet'],
      ['customers', 'customers.parquet'],
    ]) {
      const scan = quoteLiteral(join(elsewhere, 'data', path ?? ''));
      await connection.run(`CREATE OR REPLACE VIEW "${view}" AS SELECT * FROM read_parquet(${scan})`);
    }
    // A remote view names a database that only its own extension attaches.
    await connection.run('ATTACH \':memory:\' AS kbc; CREATE SCHEMA kbc."in.c-main"');
    await connection.run('CREATE TABLE kbc."in.c-main".far AS SELECT 1 AS x');
    await connection.run('CREATE VIEW far AS SELECT * FROM kbc."in.c-main".far');
    await connection.run('CHECKPOINT');
  }
  const here = join(server.dataDir, 'extracts', 'keboola');
  await rm(here, { recursive: true, force: true });
  await mkdir(join(server.dataDir, 'extracts'), { recursive: true });
  await rename(elsewhere, here);

  expect(await server.orchestrator.rebuild()).toStrictEqual({ keboola: ['customers', 'events', 'orders', 'rates'] });
  expect(await server.rows('orders')).toStrictEqual([
    { id: 1, total: '9.5' },
    { id: 2, total: null },
  ]);
  expect(await server.rows('events')).toStrictEqual([
    { id: 1, kind: 'a' },
    { id: 2, kind: 'b' },
    { id: 3, kind: 'c' },
  ]);
  expect(await server.rows('customers')).toStrictEqual([{ id: 1, name: 'Ada' }]);
  expect(await server.rows('rates')).toStrictEqual([{ currency: 'EUR', rate: '1.2500' }]);
  // Its data stays at the source.
  expect(await server.rows('far')).toBeUndefined();
  expect(await server.table('orders')).toMatchObject({ description: 'One row an order' });
});
