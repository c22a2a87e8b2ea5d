import type { State } from '@agnes/state';
import { schema } from '@agnes/state';
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
} from './catalog.test-setup.ts';

let it: TestCatalog;
beforeAll(async () => {
  it = await testCatalog();
});
beforeEach(() => it.reset());
afterAll(() => it[Symbol.asyncDispose]());

const { sha256: NOWHERE } = { sha256: 'f'.repeat(64) };
const orders = (more = {}) => table(it.blobs, 'orders', more);

async function everything(): Promise<unknown> {
  const all: Record<string, unknown> = {};
  for (const [name, rows] of Object.entries(schema)) all[name] = await it.state.db.select().from(rows);
  return all;
}

describe('a first publication', () => {
  test('registers what nobody registered, grants it to nobody and gives it a version', async () => {
    const ann = await person(it.access, it.state, 'ann');
    const parts = [{ ...(await part(it.blobs, 2)), partition: '2024-01' }, await part(it.blobs, 3)];
    const result = await it.catalog.publish(publication('erp', [await orders({ parts, description: 'All of them' })]));
    expect(result).toMatchObject({
      changed: [{ name: 'orders', rows: 5, parts: 2 }],
      registered: ['orders'],
      refused: [],
    });
    const found = await it.catalog.get('orders');
    expect(found).toMatchObject({
      source: 'erp',
      source_type: 'local',
      registered_by: 'extract:erp',
      description: 'All of them',
      last_sync: new Date('2026-05-01T11:00:00Z'),
      last_sync_status: 'ok',
      rows: 5,
    });
    expect(await it.catalog.currentVersion(found.id)).toMatchObject({
      id: result.changed[0]?.version,
      parts: [{ ...parts[0] }, { ...parts[1], partition: null }],
      columns: [{ name: 'id', type: 'BIGINT', nullable: true }],
    });
    await expect(it.catalog.readable(ann, 'orders')).rejects.toThrow(
      expect.objectContaining({ code: 'table_not_found' }),
    );
    expect(await it.catalog.listReadable(ann)).toEqual([]);
    expect(await it.catalog.listReadable(ROOT)).toHaveLength(1);
  });

  test.each([
    ['jira', 'jira'],
    ['erp', 'local'],
  ])('from the folder %s makes tables of the source type %s', async (source, source_type) => {
    await it.catalog.publish(publication(source, [await orders()]));
    expect(await it.catalog.get('orders')).toMatchObject({ source, source_type });
  });
});

describe('the same content', () => {
  test('keeps its version; last_sync moves when it was extracted again', async () => {
    const published = await orders();
    await it.catalog.publish(publication('erp', [published]));
    const before = await it.catalog.manifest(ROOT);
    const { current_version } = await it.catalog.get('orders');
    it.clock.now = new Date('2026-05-02T12:00:00Z');
    expect(await it.catalog.publish(publication('erp', [published]))).toMatchObject({
      changed: [],
      unchanged: ['orders'],
    });
    expect(await it.catalog.get('orders')).toMatchObject({ last_sync: published.extracted_at, current_version });

    const extracted_at = new Date('2026-05-02T11:00:00Z');
    await it.catalog.publish(publication('erp', [{ ...published, extracted_at }]));
    expect(await it.catalog.get('orders')).toMatchObject({ last_sync: extracted_at, current_version });
    expect((await it.catalog.manifest(ROOT)).etag).toBe(before.etag);
    expect(await it.state.db.select().from(schema.syncHistory)).toHaveLength(2);
  });

  test('in another order, with other columns or partitions is another version', async () => {
    const parts = [await part(it.blobs, 2), await part(it.blobs, 3)];
    const first = await orders({ parts });
    const variants = [
      first,
      { ...first, parts: parts.toReversed() },
      { ...first, columns: [{ name: 'id', type: 'VARCHAR', nullable: true }] },
      { ...first, parts: parts.map((one) => ({ ...one, partition: 'p' })) },
    ];
    for (const variant of variants) {
      expect((await it.catalog.publish(publication('erp', [variant]))).changed).toHaveLength(1);
    }
  });

  test('a source whose clock runs ahead does not look fresh for ever', async () => {
    await it.catalog.publish(publication('erp', [await orders({ extracted_at: new Date('2099-01-01') })]));
    expect((await it.catalog.get('orders')).last_sync).toEqual(it.clock.now);
  });

  test('without a time of extraction counts as extracted when it changed', async () => {
    const published = await orders({ extracted_at: null });
    await it.catalog.publish(publication('erp', [published]));
    const first = it.clock.now;
    it.clock.now = new Date('2026-05-03T00:00:00Z');
    await it.catalog.publish(publication('erp', [published]));
    expect((await it.catalog.get('orders')).last_sync).toEqual(first);
  });
});

describe('a failed table', () => {
  test('keeps its version and says why; a later good run clears it', async () => {
    const published = await orders();
    await it.catalog.publish(publication('erp', [published]));
    const { current_version, last_sync } = await it.catalog.get('orders');
    const failed = [{ name: 'Orders', code: 'connector_failed' as const, message: 'No route to host.' }];
    await it.catalog.publish(publication('erp', [], { failed }));
    const expected = { current_version, last_sync, last_sync_status: 'error', last_sync_error: 'No route to host.' };
    expect(await it.catalog.get('orders')).toMatchObject(expected);

    // The old data is still there to be published, which does not make the failed run a good one.
    await it.catalog.publish(publication('erp', [published]));
    expect(await it.catalog.get('orders')).toMatchObject(expected);
    it.clock.now = new Date('2026-05-02T12:00:00Z');
    await it.catalog.publish(publication('erp', [{ ...published, extracted_at: new Date('2026-05-02T11:00:00Z') }]));
    expect(await it.catalog.get('orders')).toMatchObject({ last_sync_status: 'ok', last_sync_error: null });
  });

  test('that could not be read is well again once it can be', async () => {
    const published = await orders();
    await it.catalog.publish(publication('erp', [published]));
    const failed = [{ name: 'orders', code: 'extract_unreadable' as const, message: 'No permission.' }];
    await it.catalog.publish(publication('erp', [], { failed }));
    await it.catalog.publish(publication('erp', [published]));
    expect(await it.catalog.get('orders')).toMatchObject({ last_sync_status: 'ok' });
  });

  test('that never had data is an error without a version; an unknown name is nothing', async () => {
    await it.catalog.register({ name: 'planned', source_table: 'x.csv' }, ROOT.userId);
    const failed = ['planned', 'unheard_of'].map((name) => ({
      name,
      code: 'source_file_not_found' as const,
      message: 'x',
    }));
    await it.catalog.publish(publication('local', [], { failed }));
    expect(await it.catalog.get('planned')).toMatchObject({ last_sync_status: 'error', current_version: null });
    expect(await it.catalog.list()).toHaveLength(1);
  });
});

describe('refused tables', () => {
  test('do not stand in the way of the others', async () => {
    const wrongCount = { ...(await table(it.blobs, 'miscounted')), rows: 99 };
    const lost = await table(it.blobs, 'lost', { parts: [{ sha256: NOWHERE, size_bytes: 1, rows: 1, writer: 'x' }] });
    const good = await table(it.blobs, 'good');
    const longer = {
      ...good,
      name: 'longer',
      parts: good.parts.map((one) => ({ ...one, size_bytes: 1 })),
      size_bytes: 1,
    };
    const result = await it.catalog.publish(
      publication('erp', [
        await table(it.blobs, 'select'),
        await table(it.blobs, 'a b'),
        wrongCount,
        lost,
        longer,
        await table(it.blobs, 'no_columns', { columns: [] }),
        good,
        await table(it.blobs, 'GOOD'),
      ]),
    );
    expect(result.changed.map(({ name }) => name)).toEqual(['good']);
    expect(result.refused.map(({ name, code }) => [name, code])).toEqual([
      ['select', 'invalid_table_name'],
      ['a b', 'invalid_table_name'],
      ['miscounted', 'extract_invalid'],
      ['lost', 'publish_failed'],
      ['longer', 'publish_failed'],
      ['no_columns', 'extract_invalid'],
      ['GOOD', 'table_exists'],
    ]);
    for (const { message, hint } of result.refused) expect(`${message} ${hint}`).toMatch(/\w+\. \w+/);
    expect(await it.catalog.list()).toHaveLength(1);
  });

  test('a name that is the id of a table', async () => {
    const { id } = await it.catalog.register({ name: 'x', source_table: 'x.csv' }, ROOT.userId);
    const result = await it.catalog.publish(publication('erp', [await table(it.blobs, id)]));
    expect(result.refused).toMatchObject([{ code: 'table_exists' }]);
  });
});

describe('ownership of names', () => {
  test('the first source keeps a name; only that name is refused to the second', async () => {
    await it.catalog.publish(publication('a', [await orders()]));
    const { current_version } = await it.catalog.get('orders');
    const second = await it.catalog.publish(
      publication('b', [await table(it.blobs, 'ORDERS'), await table(it.blobs, 'other')]),
    );
    expect(second.refused).toMatchObject([
      { name: 'ORDERS', code: 'table_exists', message: expect.stringContaining("'a'") },
    ]);
    expect(second.changed).toMatchObject([{ name: 'other' }]);
    expect(await it.catalog.get('orders')).toMatchObject({ source: 'a', current_version });
  });

  test('an incomplete look at a source releases nothing', async () => {
    await it.catalog.publish(publication('a', [await orders()]));
    await it.catalog.publish(publication('a', [], { complete: false }));
    expect(await it.catalog.get('orders')).toMatchObject({ rows: 1 });
    expect((await it.catalog.publish(publication('b', [await orders()]))).refused).toHaveLength(1);
  });

  test('a name that its source publishes no more is withdrawn, and free for another; its grants stay with it', async () => {
    const ann = await person(it.access, it.state, 'ann');
    await it.catalog.publish(publication('a', [await orders()]));
    const { id } = await it.catalog.get('orders');
    await it.access.createGrant({ group_id: 'ann', resource_type: 'table', resource_id: id }, ROOT.userId);
    expect((await it.catalog.publish(publication('a', []))).withdrawn).toEqual(['orders']);
    expect(await it.catalog.currentVersion(id)).toBeUndefined();
    expect(JSON.parse(await manifestText(it.catalog, ann)).tables).toEqual({});

    expect((await it.catalog.publish(publication('b', [await orders()]))).changed).toMatchObject([{ id }]);
    expect(await it.catalog.readable(ann, 'orders')).toMatchObject({ id, source: 'b', registered_by: 'extract:b' });
    expect((await it.catalog.publish(publication('a', [await orders()]))).refused).toHaveLength(1);
    expect(await it.catalog.sources()).toEqual(['b']);
  });

  test('a name that an administrator registered for one source is never taken by another', async () => {
    await it.catalog.register({ name: 'orders', source_table: 'orders.csv' }, ROOT.userId);
    expect((await it.catalog.publish(publication('b', [await orders()]))).refused).toHaveLength(1);
    expect((await it.catalog.publish(publication('local', [await orders()]))).changed).toHaveLength(1);
    await it.catalog.publish(publication('local', []));
    expect((await it.catalog.publish(publication('b', [await orders()]))).refused).toHaveLength(1);
  });

  test('a table that an administrator registered keeps its version while its source does not have it', async () => {
    await it.catalog.register({ name: 'orders', source_table: 'orders.csv' }, ROOT.userId);
    await it.catalog.publish(publication('local', [await orders()]));
    const before = await it.catalog.get('orders');
    expect(await it.catalog.publish(publication('local', []))).toMatchObject({ kept: ['orders'], withdrawn: [] });
    expect(await it.catalog.get('orders')).toMatchObject({ current_version: before.current_version, rows: 1 });
  });

  test('a failed table still counts as published', async () => {
    await it.catalog.publish(publication('a', [await orders()]));
    const failed = [{ name: 'orders', code: 'extract_invalid' as const, message: 'x' }];
    expect((await it.catalog.publish(publication('a', [], { failed }))).withdrawn).toEqual([]);
  });
});

describe('remembered files', () => {
  test('are those of what is published; other files are forgotten', async () => {
    const published = await orders();
    const file = { path: 'data/orders.parquet', fingerprint: '1-2', rows: 1, size_bytes: 32 };
    const mine = { ...file, sha256: published.parts[0]?.sha256 ?? '' };
    const files = [mine, { ...file, path: 'data/refused.parquet', sha256: NOWHERE }];
    await it.catalog.publish(publication('erp', [published], { files }));
    const { path, ...known } = mine;
    expect(await it.catalog.knownFiles('erp')).toEqual(new Map([[path, known]]));
    // The table fails: what is known of its files is still true.
    const failed = [{ name: 'orders', code: 'extract_invalid' as const, message: 'x' }];
    await it.catalog.publish(publication('erp', [], { failed }));
    expect((await it.catalog.knownFiles('erp')).size).toBe(1);
    const next = await orders();
    await it.catalog.publish(
      publication('erp', [next], { files: [{ ...mine, fingerprint: '3', sha256: next.parts[0]?.sha256 ?? '' }] }),
    );
    expect((await it.catalog.knownFiles('erp')).get(path)?.fingerprint).toBe('3');
    await it.catalog.publish(publication('erp', []));
    expect((await it.catalog.knownFiles('erp')).size).toBe(0);
  });
});

describe('a publication that fails within', () => {
  test('leaves everything as it was, whichever statement fails', async () => {
    await it.catalog.publish(publication('erp', [await orders(), await table(it.blobs, 'old')]));
    const before = await everything();
    const manifest = await it.catalog.manifest(ROOT);
    const next = publication('erp', [await orders(), await table(it.blobs, 'fresh')], {
      failed: [{ name: 'orders', code: 'connector_failed', message: 'x' }],
    });
    let failures = 0;
    for (let nth = 1; ; nth += 1) {
      const result = await it
        .again({ state: failing(it.state, nth) })
        .publish(next)
        .catch((error: unknown) => error);
      if (!(result instanceof Error)) break;
      expect(result.message).toBe('The disk is on fire.');
      failures += 1;
      expect(await everything()).toEqual(before);
    }
    expect(failures).toBeGreaterThan(15);
    expect(await everything()).not.toEqual(before);
    expect((await it.catalog.manifest(ROOT)).etag).not.toBe(manifest.etag);
  });
});

/** A state whose nth statement of a write transaction fails. */
function failing(state: State, nth: number): State {
  return {
    ...state,
    write: (work) =>
      state.write((tx) => {
        let count = 0;
        const strike = (): void => {
          count += 1;
          if (count === nth) throw new Error('The disk is on fire.');
        };
        return work(
          new Proxy(tx, {
            get(target, key) {
              const value = Reflect.get(target, key, target);
              if (typeof value !== 'function') return value;
              return (...args: unknown[]) => {
                strike();
                return value.apply(target, args);
              };
            },
          }),
        );
      }),
  };
}

describe('history', () => {
  test('keeps the last 100 runs of a table', async () => {
    const published = await orders();
    const { changed } = await it.catalog.publish(publication('erp', [published]));
    const start = Date.parse('2026-01-01T00:00:00Z');
    const runs = Array.from({ length: 99 }, (_, run) => {
      return { id: `h${run}`, table_id: changed[0]?.id ?? '', synced_at: new Date(start + run * 60_000), status: 'ok' };
    });
    await it.state.write((tx) => tx.insert(schema.syncHistory).values(runs));
    for (const minute of [1, 2, 3]) {
      const extracted_at = new Date(Date.parse('2026-05-01T11:00:00Z') + minute * 60_000);
      await it.catalog.publish(publication('erp', [{ ...published, extracted_at }]));
    }
    const kept = await it.state.db.select().from(schema.syncHistory);
    expect(kept).toHaveLength(100);
    expect(Math.min(...kept.map(({ synced_at }) => synced_at.getTime()))).toBe(start + 3 * 60_000);
  });
});

describe('retention', () => {
  test('keeps the newest versions, the current one, and what was replaced a short while ago', async () => {
    const hours = (count: number) => new Date(Date.parse('2026-05-01T00:00:00Z') + count * 3_600_000);
    const blobsOf: string[] = [];
    for (const hour of [0, 1, 2, 30, 31, 32]) {
      it.clock.now = hours(hour);
      const published = await orders();
      blobsOf.push(published.parts[0]?.sha256 ?? '');
      await it.catalog.publish(publication('erp', [published]));
    }
    it.clock.now = hours(33);
    // Replaced at 1 h and 2 h: gone. The one of 2 h was replaced at 30 h, less than a day ago.
    expect(await it.catalog.prune()).toEqual({ versions: 2 });
    expect(await it.catalog.liveBlobs()).toEqual(new Set(blobsOf.slice(2)));
    it.clock.now = hours(1000);
    expect(await it.catalog.prune()).toEqual({ versions: 1 });
    expect(await it.catalog.liveBlobs()).toEqual(new Set(blobsOf.slice(3)));
    expect(await it.catalog.get('orders')).toMatchObject({ rows: 1 });
  });

  test('an older version can be read while it is kept', async () => {
    const ann = await person(it.access, it.state, 'ann');
    const [first, second] = [await orders(), await orders()];
    await it.catalog.publish(publication('erp', [first]));
    await it.access.createGrant({ group_id: 'ann', resource_type: 'table', resource_id: 'orders' }, ROOT.userId);
    await it.catalog.publish(publication('erp', [second]));
    for (const { parts } of [first, second]) {
      expect(await it.catalog.blobReadable(ann, parts[0]?.sha256 ?? '')).toBe(true);
    }
  });
});
