import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openDatabase, quoteLiteral } from '@agnes/duckdb';
import { schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type TestEngine, testEngine } from './query-engine.test-setup.ts';

let it: TestEngine;
let table: string;

const SALES = `SELECT * FROM (VALUES
    (1, 'CZ', 'ann@example.com', 100, 'note one'), (2, 'CZ', 'bob@example.com', 200, 'note two'),
    (3, 'DE', 'bob@example.com', 300, 'note three'), (4, NULL, 'cleo@example.com', 400, NULL)
  ) t(id, region, owner, amount, note)`;

beforeAll(async () => {
  it = await testEngine();
  table = await it.publish('sales', SALES);
  for (const name of ['ann', 'bob', 'cleo', 'dan']) await it.person(name);
  for (const name of ['ann', 'bob', 'cleo', 'dan']) await it.grant(name, 'sales');
});
afterAll(() => it[Symbol.asyncDispose]());
beforeEach(async () => {
  for (const { id } of await it.access.listPolicies()) await it.access.deletePolicy(id, 'user_root');
});

const limit = (group: string, row_filter: string | null, column_masks: Record<string, string> = {}) =>
  it.access.createPolicy({ table_id: table, group_id: group, row_filter, column_masks }, 'user_root');
const slicesFolder = () => join(it.folder, 'tmp/query/slices');
const ids = async (user: string, sql = 'SELECT id FROM sales ORDER BY id') =>
  (await it.rows(user, sql)).map(([id]) => id);

test('a person sees the rows for which any of their groups’ filters is true, and values that any of those shows', async () => {
  await it.access.addMember('bob', 'user_ann', 'admin', 'user_root');
  await limit('ann', "region = 'CZ'", { amount: '0', note: "'(' || note || ')'" });
  await limit('bob', 'owner = caller.email OR id = 3', { note: "'masked for bob'" });
  // Alone in bob: rows 2 (own) and 3.
  expect(await it.rows('user_bob', 'SELECT id, amount, note FROM sales ORDER BY id')).toStrictEqual([
    [2, 200, 'masked for bob'],
    [3, 300, 'masked for bob'],
  ]);
  // In both: row 1 by both filters (amount shown by bob's branch, as ann owns it), 2 by ann's only, 3 by bob's only.
  const groups = await it.access.listGroups();
  const first = groups
    .filter(({ name }) => name === 'ann' || name === 'bob')
    .sort((a, b) => (a.id < b.id ? -1 : 1))[0]?.name;
  expect(await it.rows('user_ann', 'SELECT id, amount, note FROM sales ORDER BY id')).toStrictEqual([
    [1, 100, first === 'ann' ? '(note one)' : 'masked for bob'],
    [2, 0, '(note two)'],
    [3, 300, 'masked for bob'],
  ]);
  // A group without a policy gives the whole table, and so do administrators have it.
  expect(await ids('user_cleo')).toStrictEqual([1, 2, 3, 4]);
  await it.access.removeMember('bob', 'user_ann', 'admin', 'user_root');
  expect(await it.rows('user_ann', 'SELECT id, amount FROM sales ORDER BY id')).toStrictEqual([
    [1, 0],
    [2, 0],
  ]);
});

test('filters know the caller, NULL is not true, and a mask has the type of its column', async () => {
  await limit('dan', "list_contains(caller.groups, 'dan') AND region <> 'DE'", { id: "'7'", owner: 'caller.user_id' });
  const result = await it.engine.gateway.query({ userId: 'user_dan' }, 'SELECT id, region, owner FROM sales', {
    format: 'json',
    limit: 10,
  });
  expect(result.kind === 'json' && JSON.parse(result.json)).toMatchObject({
    types: ['INTEGER', 'VARCHAR', 'VARCHAR'],
    rows: [
      [7, 'CZ', 'user_dan'],
      [7, 'CZ', 'user_dan'],
    ],
  });
});

test('nothing of a hidden row is in the file that a query is near to', async () => {
  await limit('ann', "region = 'CZ'", { owner: "'nobody'" });
  await ids('user_ann');
  const names = await readdir(slicesFolder());
  const bytes = await Promise.all(names.map((name) => readFile(join(slicesFolder(), name))));
  const latest = bytes.filter((file) => file.includes('nobody'));
  expect(latest).toHaveLength(1);
  for (const file of latest) {
    for (const hidden of ['DE', 'note three', 'bob@example.com', 'cleo@example.com']) {
      expect(file.includes(hidden), hidden).toBe(false);
    }
  }
  // An error while hidden rows would be read says nothing of them, because they are not there.
  expect(await ids('user_ann', "SELECT CASE WHEN region = 'DE' THEN error(note) ELSE id END FROM sales")).toHaveLength(
    2,
  );
});

test('many at once make one slice; people of the same class share none of it, for the caller is part of the class', async () => {
  await limit('ann', 'id <= 3 AND caller.email IS NOT NULL');
  const before = new Set(await readdir(slicesFolder()));
  const answers = await Promise.all(Array.from({ length: 8 }, () => ids('user_ann')));
  for (const answer of answers) expect(answer).toStrictEqual([1, 2, 3]);
  const made = (await readdir(slicesFolder())).filter((name) => !before.has(name));
  expect(made).toHaveLength(1);
});

test('a sample is of what the person sees; a change of the policy or of the data counts from the next query', async () => {
  const policy = await limit('ann', "region = 'DE'");
  const sample = await it.engine.gateway.read(
    { userId: 'user_ann' },
    { id: table, name: 'sales' },
    { format: 'json', limit: 5 },
  );
  expect(sample).toMatchObject({ rows: 1 });
  await it.access.updatePolicy(policy.id, { row_filter: 'id = 1' }, 'user_root');
  expect(await ids('user_ann')).toStrictEqual([1]);
  await it.publish('sales', `${SALES} UNION ALL SELECT 1, 'XX', 'x', 1, 'new'`);
  expect(await it.rows('user_ann', 'SELECT id, region FROM sales ORDER BY region')).toStrictEqual([
    [1, 'CZ'],
    [1, 'XX'],
  ]);
  await it.access.deletePolicy(policy.id, 'user_root');
  expect(await ids('user_ann')).toHaveLength(5);
  await it.publish('sales', SALES);
});

test('finished slices outlive a restart, what was left unfinished does not, and the least used go when there is no room', async () => {
  await limit('ann', 'id = 4');
  await ids('user_ann');
  const kept = await readdir(slicesFolder());
  await writeFile(join(slicesFolder(), `${kept[0]}.abc.tmp`), 'torn');
  await writeFile(join(slicesFolder(), 'strange'), 'strange');
  await it.reopen();
  expect((await readdir(slicesFolder())).sort()).toStrictEqual([...kept].sort());
  expect(await ids('user_ann')).toStrictEqual([4]);
  expect(await readdir(slicesFolder())).toHaveLength(kept.length);

  // Three slices of about a megabyte each, and room for less than two.
  const large = await it.publish('large', 'SELECT i AS id, uuid()::VARCHAR AS text FROM range(40000) t(i)');
  await it.grant('ann', 'large');
  const policy = await it.access.createPolicy({ table_id: large, group_id: 'ann', row_filter: 'id >= 0' }, 'user_root');
  await it.reopen({ slicesMb: 2 });
  for (let round = 0; round < 3; round += 1) {
    await it.access.updatePolicy(policy.id, { row_filter: `id >= ${round}` }, 'user_root');
    expect(await it.rows('user_ann', 'SELECT count(*) FROM large')).toStrictEqual([[40_000 - round]]);
  }
  expect((await readdir(slicesFolder())).length).toBeLessThan(3 + kept.length);
  await it.access.deletePolicy(policy.id, 'user_root');
  await it.reopen();
});

test('a policy that fails on real data shows nothing, tells no value, and tells the administrators', async () => {
  const policy = await limit('ann', 'CAST(note AS VARCHAR) IS NOT NULL');
  // What was sound when it was made may fail on rows that come later.
  await it.state.write(async (tx) => {
    await tx
      .update(schema.tablePolicies)
      .set({ row_filter: 'CAST(note AS INTEGER) > 0' })
      .where(eq(schema.tablePolicies.id, policy.id));
  });
  await it.access.createGroup({ name: `bump ${Date.now()}` }, 'user_root');
  const error = await ids('user_ann').catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'policy_failed', details: { table: 'sales' } });
  expect(JSON.stringify(error)).not.toMatch(/note one|note AS|INT32/);
  const told = await it.access.getPolicy(policy.id);
  expect(told.error).toContain("'sales'");
  expect(told.error).toContain('Conversion Error');
  expect(told.error).not.toContain('note one');
  // Others read on.
  expect(await ids('user_cleo')).toHaveLength(4);
  await it.access.updatePolicy(policy.id, { row_filter: 'id = 1' }, 'user_root');
  expect(await ids('user_ann')).toStrictEqual([1]);
});

test('what could not work is refused when it is defined, and so is what reaches further than the row', async () => {
  const bad: [string | null, Record<string, string>][] = [
    ['nosuch = 1', {}],
    ['region', {}],
    ['CAST(note AS INTEGER) > 0', {}],
    ['id IN (SELECT id FROM sales)', {}],
    ["read_text('/etc/hostname') IS NOT NULL", {}],
    ["getenv('HOME') IS NOT NULL", {}],
    ['count(*) > 1', {}],
    ['true) OR (SELECT true', {}],
    ["true; COPY (SELECT 1) TO 'x'", {}],
    [null, { nosuch: '1' }],
    [null, { id: "'text'" }],
    [null, { note: 'row_number() OVER ()' }],
  ];
  for (const [row_filter, column_masks] of bad) {
    await expect(
      limit('ann', row_filter, column_masks),
      String(row_filter ?? JSON.stringify(column_masks)),
    ).rejects.toMatchObject({ code: 'invalid_policy' });
  }
  process.stdout.write(`policies: ${bad.length} that cannot be used, all refused when they are defined\n`);
  expect(await it.access.listPolicies()).toStrictEqual([]);
});

test('a slice holds exactly what the rules say, whatever they are', async () => {
  await using database = await openDatabase(':memory:');
  await using connection = await database.connect();
  await connection.run(`CREATE TABLE sales AS ${SALES}`);
  const filters = [
    'true',
    'id > 1',
    "region = 'CZ'",
    'region IS NULL',
    'amount < 250',
    'false',
    'owner = caller.email',
  ];
  const groups = await Promise.all(['g1', 'g2', 'g3'].map((name) => it.access.createGroup({ name }, 'user_root')));
  groups.sort((a, b) => (a.id < b.id ? -1 : 1));
  const eve = await it.person('eve');
  for (const group of groups) {
    await it.access.createGrant({ group_id: group.id, resource_type: 'table', resource_id: table }, 'user_root');
    await it.access.addMember(group.id, eve, 'admin', 'user_root');
  }
  let random = 7;
  const pick = (most: number): number => {
    random = (random * 48_271) % 2_147_483_647;
    return random % most;
  };
  let differences = 0;
  const rounds = 12;
  for (let round = 0; round < rounds; round += 1) {
    const rules = groups.map((group) => ({
      group,
      filter: filters[pick(filters.length)] ?? 'true',
      mask: pick(2) === 0 ? undefined : `${pick(9)}00`,
    }));
    const made = [];
    for (const { group, filter, mask } of rules) {
      made.push(await limit(group.id, filter, mask === undefined ? {} : { amount: mask }));
    }
    const email = quoteLiteral('eve@example.com');
    const where = rules.map(({ filter }) => `coalesce(${filter.replace('caller.email', email)}, false)`);
    const expected = await connection.rows<{ id: number; amount: number }>(
      `SELECT id, CASE ${rules.map(({ mask }, i) => (mask === undefined ? `WHEN ${where[i]} THEN amount` : '')).join(' ')}
         ${rules.map(({ mask }, i) => (mask === undefined ? '' : `WHEN ${where[i]} THEN ${mask}`)).join(' ')} END AS amount
       FROM sales WHERE ${where.join(' OR ')} ORDER BY id`,
    );
    const seen = await it.rows(eve, 'SELECT id, amount FROM sales ORDER BY id');
    if (JSON.stringify(seen) !== JSON.stringify(expected.map(({ id, amount }) => [id, amount]))) differences += 1;
    for (const { id } of made) await it.access.deletePolicy(id, 'user_root');
  }
  process.stdout.write(`policies: ${rounds} random unions of three groups, differences ${differences}\n`);
  expect(differences).toBe(0);
});
