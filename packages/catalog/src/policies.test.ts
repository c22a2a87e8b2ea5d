import { manifest as manifestSchema, type RequestContext } from '@agnes/api-contract';
import type { Principal } from '@agnes/rbac';
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
import { catalogHandlers } from './http.ts';
import type { PublishedTable } from './publication.ts';

let it: TestCatalog;
let ann: Principal;
let bob: Principal;
let orders: PublishedTable;
beforeAll(async () => {
  it = await testCatalog();
});
afterAll(() => it[Symbol.asyncDispose]());
beforeEach(async () => {
  await it.reset();
  it.access.setPolicyValidator(async () => {});
  ann = await person(it.access, it.state, 'ann');
  bob = await person(it.access, it.state, 'bob');
  orders = await table(it.blobs, 'orders', { parts: [await part(it.blobs, 7)] });
  await it.catalog.publish(publication('erp', [orders, await table(it.blobs, 'items')]));
  for (const [group, name] of [
    ['ann', 'orders'],
    ['ann', 'items'],
    ['bob', 'orders'],
  ] as const) {
    await grant(group, name);
  }
});

const grant = (group: string, name: string) =>
  it.access.createGrant({ group_id: group, resource_type: 'table', resource_id: name }, ROOT.userId);
const limit = (group: string, row_filter = 'true') =>
  it.access.createPolicy({ table_id: 'orders', group_id: group, row_filter }, ROOT.userId);
const bodyOf = async (principal: Principal) => {
  const body = JSON.parse(await manifestText(it.catalog, principal));
  expect(v.parse(manifestSchema, body)).toEqual(body);
  return body;
};
const fileOf = ({ parts }: PublishedTable): string => parts[0]?.sha256 ?? '';
const contextOf = (principal: Principal): RequestContext => ({
  caller: {
    ...principal,
    ...{ email: '', name: null, groups: [] },
    credential: { kind: 'personal', id: 't', name: 't', scope: 'general', expires_at: null },
  },
  requestId: 'r',
  ip: null,
  headers: new Headers(),
  method: 'GET',
  signal: new AbortController().signal,
  stillAdmitted: async () => {},
});

describe('a table with a policy for the caller', () => {
  test('stays on the server for them, says so, and is whole for others', async () => {
    await limit('ann');
    const { id } = await it.catalog.get('orders');
    const { tables } = await bodyOf(ann);
    expect(tables.orders).toMatchObject({
      ...{ id, distribution: 'server_only', reason: 'policy', parts: [], rows: null, size_bytes: null },
      policy: (await it.access.policyFor(ann, id))?.id,
    });
    expect(tables.items).toMatchObject({ distribution: 'files', rows: 1 });
    expect(tables.items.policy).toBeUndefined();
    for (const whole of [bob, ROOT]) {
      const entry = (await bodyOf(whole)).tables.orders;
      expect(entry).toMatchObject({ distribution: 'files', rows: 7, parts: [{ sha256: fileOf(orders) }] });
      expect(entry.policy).toBeUndefined();
    }
  });

  test('tells neither its rows nor its bytes in any list', async () => {
    await limit('ann');
    const json = await manifestText(it.catalog, ann);
    for (const fact of [fileOf(orders), '"rows":7']) expect(json).not.toContain(fact);
    const handlers = catalogHandlers({ catalog: it.catalog });
    const answer = (await handlers.catalog(
      { params: undefined, query: undefined, body: undefined },
      contextOf(ann),
    )) as {
      tables: { name: string; rows: number | null; restricted: boolean }[];
    };
    expect(answer.tables).toMatchObject([
      { name: 'items', rows: 1, restricted: false, fetch_via: 'agnes pull' },
      { name: 'orders', rows: null, size_bytes: null, rough_size_hint: null, restricted: true },
    ]);
    expect(await it.catalog.readable(ann, 'orders')).toMatchObject({ rows: null, size_bytes: null, policy: {} });
    expect(await it.catalog.readable(bob, 'orders')).toMatchObject({ rows: 7, policy: undefined });
  });

  test('has files that leave for them by no version, new or old', async () => {
    const old = fileOf(orders);
    orders = await table(it.blobs, 'orders');
    await it.catalog.publish(publication('erp', [orders, await table(it.blobs, 'items')]));
    const files = [old, fileOf(orders)];
    const mayHave = async (who: Principal) => Promise.all(files.map((sha256) => it.catalog.blobReadable(who, sha256)));
    expect(await mayHave(ann)).toEqual([true, true]);
    const { id } = await limit('ann');
    expect(await mayHave(ann)).toEqual([false, false]);
    expect(await mayHave(bob)).toEqual([true, true]);
    expect(await it.catalog.readableBlob(ann, old)).toBeUndefined();
    await it.access.deletePolicy(id, ROOT.userId);
    expect(await mayHave(ann)).toEqual([true, true]);
  });

  test('shares a file with a table that the caller has whole: then the file is theirs', async () => {
    await it.catalog.publish(publication('erp', [orders, await table(it.blobs, 'items', { parts: orders.parts })], {}));
    await limit('ann');
    expect(await it.catalog.blobReadable(ann, fileOf(orders))).toBe(true);
    expect((await bodyOf(ann)).tables.orders.parts).toEqual([]);
    await limit('bob');
    expect(await it.catalog.blobReadable(bob, fileOf(orders))).toBe(false);
  });

  test('is whole again through a group without a policy', async () => {
    await limit('ann');
    await grant('Everyone', 'orders');
    expect((await bodyOf(ann)).tables.orders).toMatchObject({ distribution: 'files', rows: 7 });
    expect(await it.catalog.blobReadable(ann, fileOf(orders))).toBe(true);
    await limit('Everyone');
    expect((await bodyOf(ann)).tables.orders).toMatchObject({ distribution: 'server_only' });
  });
});

describe('the ETag', () => {
  test('changes with every policy of the caller, and with no other', async () => {
    const etags = async () => [(await it.catalog.manifest(ann)).etag, (await it.catalog.manifest(bob)).etag];
    const before = await etags();
    const { id } = await limit('ann');
    const limited = await etags();
    expect(limited[0]).not.toBe(before[0]);
    expect(limited[1]).toBe(before[1]);
    await it.access.updatePolicy(id, { row_filter: 'false' }, ROOT.userId);
    const changed = await etags();
    expect([before[0], limited[0]]).not.toContain(changed[0]);
    await it.access.recordPolicyFailure(id, 'x');
    expect(await etags()).toEqual(changed);
    await it.access.deletePolicy(id, ROOT.userId);
    expect(await etags()).toEqual(before);
  });

  test('is not shared by two people of one group whom a policy tells apart', async () => {
    await it.access.addMember('ann', bob.userId, 'admin', ROOT.userId);
    const both: Principal = { ...bob, groupIds: ann.groupIds };
    expect((await it.catalog.manifest(both)).etag).toBe((await it.catalog.manifest(ann)).etag);
    await limit('ann');
    expect((await it.catalog.manifest(both)).etag).not.toBe((await it.catalog.manifest(ann)).etag);
  });
});

test('a manifest that was asked for before a publish and sent after it is the one of its ETag', async () => {
  const earlier = await it.catalog.manifest(ann);
  const before = textOf(earlier);
  await it.catalog.publish(publication('erp', [await table(it.blobs, 'orders')]));
  await it.catalog.manifest(ann);
  expect(textOf(earlier)).toBe(before);
  expect(await manifestText(it.catalog, ann)).not.toBe(before);
});

test('a table that is taken out takes its policies along', async () => {
  await limit('ann');
  await it.catalog.unregister('orders', ROOT.userId);
  expect(await it.access.listPolicies()).toEqual([]);
});

test('the state is asked as much about a table that is forbidden as about one that is not there', async () => {
  let asked = 0;
  const db = new Proxy(it.state.db, {
    get(target, name) {
      if (name === 'select' || name === 'selectDistinct') asked += 1;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const state = new Proxy(it.state, {
    get(target, name) {
      const value: unknown = name === 'db' ? db : Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const catalog = it.again({ state });
  const questionsFor = async (idOrName: string): Promise<number> => {
    asked = 0;
    await catalog.readable(bob, idOrName).catch(() => {});
    return asked;
  };
  const items = await it.catalog.get('items');
  await questionsFor('orders');
  expect(await questionsFor('orders')).toBeGreaterThan(0);
  const unknown = await questionsFor('nosuch');
  expect([await questionsFor('items'), await questionsFor(items.id)]).toStrictEqual([unknown, unknown]);
});
