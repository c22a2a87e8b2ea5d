import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WorkspaceState } from '../workspace/state.ts';
import type { Manifest, ManifestTable } from './manifest.ts';
import { type Plan, planPull } from './plan.ts';

const hash = (letter: string): string => letter.repeat(64);
const time = '2026-01-02T03:04:05.000Z';

function table(id: string, parts: string, more: Partial<ManifestTable> = {}): ManifestTable {
  return {
    hash: '',
    updated: time,
    size_bytes: 0,
    rows: parts.length,
    query_mode: 'local',
    source_type: 'local',
    id,
    version: { id: `ver_${parts}`, created_at: time },
    distribution: 'files',
    parts: [...parts].map((letter) => ({ sha256: hash(letter), bytes: 10, rows: 1, writer: 'duckdb' })),
    columns: [{ name: 'a', type: 'INTEGER', nullable: true }],
    ...more,
  };
}

const manifest = (tables: Record<string, ManifestTable>): Manifest => ({
  format: 1,
  data_version: '1',
  tables,
  assets: {},
  server_time: time,
});

const stateOf = (plan: Plan): WorkspaceState => ({
  format: 1,
  server: 'https://agnes.example.com',
  store: '/store',
  etag: 'x',
  data_version: '1',
  pulled_at: time,
  tables: Object.fromEntries(plan.tables.map(({ name, table }) => [name, table])),
  elsewhere: Object.fromEntries(plan.elsewhere),
});

const plan = (granted: Manifest, state?: WorkspaceState, stored = '', skipMaterialize = false): Plan =>
  planPull({
    manifest: granted,
    state,
    store: '/store',
    has: (sha256) => stored.includes(sha256[0] ?? '?'),
    skipMaterialize,
  });

const had = (tables: Record<string, ManifestTable>): WorkspaceState => stateOf(plan(manifest(tables)));

describe('a plan', () => {
  test.each([
    ['a first pull', undefined, { t: table('1', 'ab') }, '', { change: 'new', missing: 'ab', rebuild: true }],
    [
      'nothing new',
      { t: table('1', 'ab') },
      { t: table('1', 'ab') },
      'ab',
      { change: 'keep', missing: '', rebuild: false },
    ],
    [
      'a new part',
      { t: table('1', 'ab') },
      { t: table('1', 'abc') },
      'ab',
      { change: 'update', missing: 'c', rebuild: true },
    ],
    [
      'a part less',
      { t: table('1', 'ab') },
      { t: table('1', 'a') },
      'ab',
      { change: 'update', missing: '', rebuild: true },
    ],
    [
      'parts in another order',
      { t: table('1', 'ab') },
      { t: table('1', 'ba') },
      'ab',
      { change: 'update', missing: '', rebuild: true },
    ],
    [
      'a file that is gone',
      { t: table('1', 'ab') },
      { t: table('1', 'ab') },
      'a',
      { change: 'keep', missing: 'b', rebuild: true },
    ],
    [
      'another table of the same name',
      { t: table('1', 'a') },
      { t: table('2', 'a') },
      'a',
      { change: 'update', missing: '', rebuild: true },
    ],
    ['a part twice', undefined, { t: table('1', 'aa') }, '', { change: 'new', missing: 'a', rebuild: true }],
  ])('for %s', (_name, before, now, stored, expected) => {
    const made = plan(manifest(now), before === undefined ? undefined : had(before), stored);
    expect(made.tables[0]?.change).toBe(expected.change);
    expect(made.missing.map(({ sha256 }) => sha256[0]).join('')).toBe(expected.missing);
    expect(made.rebuild).toBe(expected.rebuild);
  });

  test('removes what is no longer granted, and says why', () => {
    const before = had({ gone: table('1', 'a'), moved: table('2', 'b'), far: table('3', 'c') });
    const now = {
      renamed: table('2', 'b'),
      far: table('3', '', { distribution: 'server_only', reason: 'has a row policy' }),
    };
    const made = plan(manifest(now), before, 'abc');
    expect(made.removed).toEqual([
      { table: 'gone', reason: 'no longer granted or published' },
      { table: 'moved', reason: 'now called renamed' },
      { table: 'far', reason: 'now has a row policy' },
    ]);
    expect([...made.elsewhere]).toEqual([['far', 'has a row policy']]);
  });

  test('leaves materialized tables as they are when asked to', () => {
    const materialized = { query_mode: 'materialized' } as const;
    const before = had({ old: table('1', 'a', materialized) });
    const now = { old: table('1', 'b', materialized), new: table('2', 'c', materialized), plain: table('3', 'd') };
    const made = plan(manifest(now), before, 'a', true);
    expect(made.tables.map(({ name, change }) => [name, change])).toEqual([
      ['old', 'keep'],
      ['plain', 'new'],
    ]);
    expect(made.missing.map(({ sha256 }) => sha256)).toEqual([hash('d')]);
    expect([...made.elsewhere.keys()]).toEqual(['new']);
  });

  test('builds anew when the store has moved', () => {
    const state = { ...had({ t: table('1', 'a') }), store: '/elsewhere' };
    expect(plan(manifest({ t: table('1', 'a') }), state, 'a').rebuild).toBe(true);
  });
});

describe('whatever is granted', () => {
  const names = fc.constantFrom('t', 'u', 'v', 'w');
  const parts = fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd', 'e'), maxLength: 4 });
  const mode = fc.constantFrom('local', 'materialized', 'remote');
  const tables = fc
    .dictionary(names, fc.tuple(parts, mode))
    .map((some) =>
      Object.fromEntries(
        Object.entries(some).map(([name, [p, m]]) => [name, table(name, p, { query_mode: m as 'local' })]),
      ),
    );

  test('the plan accounts for every table once, and afterwards there is nothing left to do', () => {
    fc.assert(
      fc.property(
        tables,
        tables,
        fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'd', 'e') }),
        (before, now, stored) => {
          const state = had(before);
          const made = plan(manifest(now), state, stored);
          const accounted = [...made.tables.map(({ name }) => name), ...made.elsewhere.keys()].sort();
          expect(accounted).toEqual(Object.keys(now).sort());
          const left = Object.keys(state.tables).filter(
            (name) => !made.tables.some((planned) => planned.name === name),
          );
          expect(made.removed.map((removal) => removal.table).sort()).toEqual(left.sort());
          const needed = made.tables.flatMap((planned) => planned.table.parts.map(({ sha256 }) => sha256));
          for (const { sha256 } of made.missing) expect(needed).toContain(sha256);
          const all = stored + made.missing.map(({ sha256 }) => sha256[0]).join('');
          const again = plan(manifest(now), stateOf(made), all);
          expect(again).toMatchObject({ missing: [], removed: [], rebuild: false });
        },
      ),
    );
  });
});
