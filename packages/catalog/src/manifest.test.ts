import { manifest as manifestSchema } from '@agnes/api-contract';
import type { Principal } from '@agnes/rbac';
import fc from 'fast-check';
import * as v from 'valibot';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  manifestText,
  part,
  person,
  publication,
  ROOT,
  type TestCatalog,
  table,
  testCatalog,
  textOf,
} from './catalog.test-setup.ts';
import type { PublishedTable } from './publication.ts';

let it: TestCatalog;
let ann: Principal;
let bob: Principal;
beforeAll(async () => {
  it = await testCatalog();
});
beforeEach(async () => {
  await it.reset();
  ann = await person(it.access, it.state, 'ann');
  bob = await person(it.access, it.state, 'bob');
});
afterAll(() => it[Symbol.asyncDispose]());

const grant = (group: string, name: string) =>
  it.access.createGrant({ group_id: group, resource_type: 'table', resource_id: name }, ROOT.userId);
const bodyOf = async (principal: Principal) => JSON.parse(await manifestText(it.catalog, principal));

test('has what is granted, in the shape of the contract', async () => {
  const parts = [{ ...(await part(it.blobs, 2)), partition: 'm=1' }, await part(it.blobs)];
  await it.catalog.publish(publication('erp', [await table(it.blobs, 'orders', { parts })]));
  await it.catalog.register({ name: 'planned', source_table: 'x.csv' }, ROOT.userId);
  await grant('ann', 'orders');
  await grant('ann', 'planned');
  const body = await bodyOf(ann);
  expect(v.parse(manifestSchema, body)).toEqual(body);
  const { id, current_version } = await it.catalog.get('orders');
  expect(body).toMatchObject({ format: 1, assets: {}, server_time: '2026-05-01T12:00:00.000Z' });
  // A table without data is not there yet.
  expect(body.tables).toEqual({
    orders: {
      hash: '',
      updated: '2026-05-01T12:00:00.000Z',
      size_bytes: 64,
      rows: 3,
      query_mode: 'local',
      source_type: 'local',
      id,
      version: { id: current_version, created_at: '2026-05-01T12:00:00.000Z' },
      distribution: 'files',
      parts: [
        { sha256: parts[0]?.sha256, bytes: 32, rows: 2, partition: 'm=1', writer: 'duckdb/1.5.6' },
        { sha256: parts[1]?.sha256, bytes: 32, rows: 1, writer: 'duckdb/1.5.6' },
      ],
      columns: [{ name: 'id', type: 'BIGINT', nullable: true }],
    },
  });
});

test('a table that stays on the server is named with the reason, and its files leave for nobody', async () => {
  const published = await table(it.blobs, 'big', { query_mode: 'remote' });
  await it.catalog.publish(publication('erp', [published]));
  const body = await bodyOf(ROOT);
  expect(v.parse(manifestSchema, body)).toEqual(body);
  expect(body.tables.big).toMatchObject({
    distribution: 'server_only',
    reason: expect.stringMatching(/\w+/),
    parts: [],
  });
  expect(JSON.stringify(body)).not.toContain(published.parts[0]?.sha256);
  expect(await it.catalog.blobReadable(ROOT, published.parts[0]?.sha256 ?? '')).toBe(false);
});

describe('what is not granted', () => {
  test('leaves no trace, and answers as what does not exist', async () => {
    const secret = await table(it.blobs, 'secret_table', { description: 'secret text' });
    const shared = await part(it.blobs);
    await it.catalog.publish(
      publication('secret_source', [
        secret,
        await table(it.blobs, 'orders', { parts: [shared] }),
        await table(it.blobs, 'secret_copy', { parts: [shared] }),
      ]),
    );
    await grant('ann', 'orders');
    const json = await manifestText(it.catalog, ann);
    for (const word of ['secret', secret.parts[0]?.sha256 ?? '']) expect(json).not.toContain(word);
    expect((await it.catalog.listReadable(ann)).map(({ name }) => name)).toEqual(['orders']);

    const { id } = await it.catalog.get('secret_table');
    const answers: string[] = [];
    for (const name of ['secret_table', id, 'nothing']) {
      const error = await it.catalog.readable(ann, name).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: 'table_not_found', details: {} });
      answers.push(String(error).replace(name, 'X'));
    }
    expect(new Set(answers).size).toBe(1);
    // A file that two tables share is readable through either.
    expect(await it.catalog.blobReadable(ann, shared.sha256)).toBe(true);
    expect(await it.catalog.blobReadable(bob, shared.sha256)).toBe(false);
    expect(await it.catalog.blobReadable(ann, secret.parts[0]?.sha256 ?? '')).toBe(false);
  });

  test('is gone with the next request after a revoke', async () => {
    await it.catalog.publish(publication('erp', [await table(it.blobs, 'orders')]));
    const { id } = await grant('ann', 'orders');
    expect(Object.keys((await bodyOf(ann)).tables)).toEqual(['orders']);
    await it.access.deleteGrant(id, ROOT.userId);
    expect((await bodyOf(ann)).tables).toEqual({});
  });
});

describe('the ETag', () => {
  test('is one for callers who may read the same, whatever the time and the process', async () => {
    await it.catalog.publish(publication('erp', [await table(it.blobs, 'orders')]));
    await grant('ann', 'orders');
    const first = await it.catalog.manifest(ann);
    it.clock.now = new Date('2026-06-01T00:00:00Z');
    const later = await it.catalog.manifest(ann);
    expect(later.etag).toBe(first.etag);
    expect(textOf(later)).not.toBe(textOf(first));
    expect((await it.catalog.manifest(ROOT)).etag).toBe(first.etag);
    expect((await it.catalog.manifest(bob)).etag).not.toBe(first.etag);
    expect((await it.again().manifest(ann)).etag).toBe(first.etag);
    expect(first.etag).toMatch(/^"[0-9a-f]{32}"$/);
  });

  test('changes with what a caller sees, and stays when nothing of it can have changed', async () => {
    const names = ['t1', 't2', 't3'];
    const step = fc.oneof(
      fc.record({ kind: fc.constant('publish' as const), name: fc.constantFrom(...names) }),
      fc.record({ kind: fc.constant('again' as const), name: fc.constantFrom(...names) }),
      fc.record({ kind: fc.constant('fail' as const), name: fc.constantFrom(...names) }),
      fc.record({ kind: fc.constant('grant' as const), name: fc.constantFrom(...names) }),
      fc.record({ kind: fc.constant('revoke' as const), name: fc.constantFrom(...names) }),
      fc.record({ kind: fc.constant('describe' as const), name: fc.constantFrom(...names) }),
      fc.record({ kind: fc.constant('wait' as const), name: fc.constantFrom(...names) }),
    );
    const tables = new Map<string, PublishedTable>();
    for (const name of names) tables.set(name, await table(it.blobs, name));
    const publishAll = (failed: Parameters<typeof publication>[2] = {}) =>
      it.catalog.publish(publication('erp', [...tables.values()], failed));
    await publishAll();

    const see = async () => {
      const manifest = await it.catalog.manifest(ann);
      const { server_time: _, data_version, tables: seen } = JSON.parse(textOf(manifest));
      return { etag: manifest.etag, data_version, seen: JSON.stringify(seen) };
    };
    let steps = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 8 }), async (steps_) => {
        for (const { kind, name } of steps_) {
          steps += 1;
          const before = await see();
          const granted = (await it.access.listGrants()).find(({ resource_name }) => resource_name === name);
          if (kind === 'publish') tables.set(name, await table(it.blobs, name));
          if (kind === 'publish' || kind === 'again') await publishAll();
          if (kind === 'fail') await publishAll({ failed: [{ name, code: 'connector_failed', message: 'x' }] });
          if (kind === 'grant' && granted === undefined) await grant('ann', name);
          if (kind === 'revoke' && granted !== undefined) await it.access.deleteGrant(granted.id, ROOT.userId);
          if (kind === 'describe') await it.catalog.update(name, { description: `${Math.random()}` }, ROOT.userId);
          if (kind === 'wait') it.clock.now = new Date(it.clock.now.getTime() + 60_000);
          const after = await see();
          const same = before.seen === after.seen && before.data_version === after.data_version;
          expect(after.etag === before.etag).toBe(same);
          if (['again', 'fail', 'wait'].includes(kind)) expect(after).toEqual(before);
          if (kind === 'publish' && granted !== undefined) expect(after.seen).not.toBe(before.seen);
        }
      }),
      { numRuns: 12 },
    );
    expect(steps).toBeGreaterThan(30);
  });
});

test('requests that come together while something is published see one version or the other', async () => {
  await it.catalog.publish(publication('erp', [await table(it.blobs, 'orders')]));
  const publishing = (async () => {
    for (let run = 0; run < 10; run += 1) {
      await it.catalog.publish(publication('erp', [await table(it.blobs, 'orders'), await table(it.blobs, 'items')]));
    }
  })();
  let last = 0;
  for (let run = 0; run < 30; run += 1) {
    const bodies = await Promise.all(Array.from({ length: 5 }, () => bodyOf(ROOT)));
    for (const body of bodies) {
      for (const { rows, parts } of Object.values(body.tables) as { rows: number; parts: { rows: number }[] }[]) {
        expect(parts.reduce((sum, one) => sum + one.rows, 0)).toBe(rows);
      }
    }
    const newest = Math.max(...bodies.map(({ data_version }) => Number(data_version)));
    expect(newest).toBeGreaterThanOrEqual(last);
    last = newest;
  }
  await publishing;
});
