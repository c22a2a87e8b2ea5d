import { isAgnesError } from '@agnes/errors';
import { expect, test } from 'vitest';
import { checkPlace, type Place } from './place.ts';

const roots = ['/srv/files', '/srv/more'];

function codeOf(place: Omit<Place, 'name'>): string {
  try {
    checkPlace({ name: 'orders', ...place }, roots);
    return 'accepted';
  } catch (error) {
    if (isAgnesError(error)) return error.code;
    throw error;
  }
}

test.each([
  ['accepted', { source_table: 'orders.csv' }],
  ['accepted', { bucket: 'sales', source_table: '*.csv' }],
  ['accepted', { bucket: 'sales' }],
  ['accepted', { source_table: '/srv/more/orders.csv' }],
  ['accepted', { bucket: 'a/b', source_table: '../orders.csv' }],
  ['accepted', { source_table: '..orders.csv' }],
  ['source_file_not_found', {}],
  ['source_path_refused', { source_table: '/etc/passwd' }],
  ['source_path_refused', { source_table: '../state/system.duckdb' }],
  ['source_path_refused', { bucket: '..', source_table: 'state/*' }],
  ['source_path_refused', { bucket: '/srv/files-of-others', source_table: 'x.csv' }],
  ['source_path_refused', { source_table: '/srv' }],
  ['invalid_request', { source_table: 'orders\0.csv' }],
] as const)('%s: %j', (expected, place) => {
  expect(codeOf(place)).toBe(expected);
});
