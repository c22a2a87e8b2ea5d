import { expect, test } from 'vitest';
import { chooseToken } from './revoke.ts';

const tokens = [
  { id: 't1', name: 'ci', prefix: 'agnes_pat_aa', revoked_at: null },
  { id: 't2', name: 'ci', prefix: 'agnes_pat_ab', revoked_at: null },
  { id: 't3', name: 'agnes_pat_aa', prefix: 'agnes_pat_zz', revoked_at: null },
  { id: 't4', name: 'old', prefix: 'agnes_pat_old', revoked_at: '2026-01-01T00:00:00Z' },
];

test.each([
  ['t1', 't1'],
  ['agnes_pat_aa', 't3'],
  ['agnes_pat_ab', 't2'],
])('%s means %s', (wanted, id) => {
  expect(chooseToken(wanted, tokens).id).toBe(id);
});

test.each([
  ['ci', 'usage'],
  ['agnes_pat', 'usage'],
  ['old', 'token_not_found'],
])('%s means none for sure', (wanted, code) => {
  expect(() => chooseToken(wanted, tokens)).toThrowError(expect.objectContaining({ code }));
});
