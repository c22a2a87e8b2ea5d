import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ifRangeHolds, noneMatchNames } from './entity-tags.ts';
import { requestedRange } from './range.ts';

const part = (start: number, end: number) => ({ kind: 'part', start, end });
const whole = { kind: 'whole' };
const unsatisfiable = { kind: 'unsatisfiable' };

test.each([
  [null, 10, whole],
  ['bytes=0-9', 10, part(0, 9)],
  ['bytes=0-0', 10, part(0, 0)],
  ['bytes=3-', 10, part(3, 9)],
  ['bytes=3-99', 10, part(3, 9)],
  ['bytes=-3', 10, part(7, 9)],
  ['bytes=-99', 10, part(0, 9)],
  ['BYTES=1-2', 10, part(1, 2)],
  ['bytes= 1-2 ', 10, part(1, 2)],
  ['bytes=,1-2, ,', 10, part(1, 2)],
  ['bytes=00001-00002', 10, part(1, 2)],
  [`bytes=1-${'9'.repeat(400)}`, 10, part(1, 9)],
  [`bytes=-${'9'.repeat(400)}`, 10, part(0, 9)],
  ['bytes=10-', 10, unsatisfiable],
  ['bytes=10-12', 10, unsatisfiable],
  [`bytes=${'9'.repeat(400)}-`, 10, unsatisfiable],
  ['bytes=-0', 10, unsatisfiable],
  ['bytes=0-', 0, unsatisfiable],
  ['bytes=-5', 0, unsatisfiable],
  ['bytes=0-1,3-4', 10, whole],
  ['bytes=5-2', 10, whole],
  [`bytes=${'9'.repeat(400)}-1`, 10, whole],
  ['bytes=', 10, whole],
  ['bytes=-', 10, whole],
  ['bytes=a-b', 10, whole],
  ['bytes=1-2-3', 10, whole],
  ['bytes=+1-2', 10, whole],
  ['bytes=1.5-2', 10, whole],
  ['bytes=٣-٤', 10, whole],
  ['items=0-1', 10, whole],
  ['bytes', 10, whole],
])('%j of %i bytes is %o', (header, size, expected) => {
  expect(requestedRange(header, size)).toEqual(expected);
});

describe('whatever is asked', () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.nat().map(String),
    fc.constantFrom('-', ',', '=', ' ', 'bytes=', '0-', '-1', '18446744073709551616'),
  );
  const header = fc.oneof(
    fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
    fc.array(piece, { maxLength: 6 }).map((pieces) => `bytes=${pieces.join('')}`),
    fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `bytes=${a}-${b}`),
  );

  test('the range lies within the file, and nothing throws', () => {
    fc.assert(
      fc.property(header, fc.nat({ max: 2 ** 31 }), (text, size) => {
        const range = requestedRange(text, size);
        if (range.kind !== 'part') return;
        expect(Number.isInteger(range.start) && Number.isInteger(range.end)).toBe(true);
        expect(range.start).toBeGreaterThanOrEqual(0);
        expect(range.end).toBeGreaterThanOrEqual(range.start);
        expect(range.end).toBeLessThan(size);
      }),
      { numRuns: 5000 },
    );
  });

  test('a well-formed range is served as it was asked', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1 }), (a, b, size) => {
        const [start, end] = a < b ? [a, b] : [b, a];
        const expected = start >= size ? unsatisfiable : part(start, Math.min(end, size - 1));
        expect(requestedRange(`bytes=${start}-${end}`, size)).toEqual(expected);
      }),
    );
  });
});

test.each([
  [null, false],
  ['*', true],
  [' * ', true],
  ['"a"', true],
  ['W/"a"', true],
  ['"b", W/"a"', true],
  ['"b","c"', false],
  ['a', false],
  ['"A"', false],
  ['"x"a"', false],
  ['""', false],
])('If-None-Match %j names "a": %o', (header, expected) => {
  expect(noneMatchNames(header, '"a"')).toBe(expected);
});

test('any If-None-Match is read without throwing', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (header) => typeof noneMatchNames(header, '"a"') === 'boolean'));
});

test.each([
  [null, true],
  ['"a"', true],
  ['W/"a"', false],
  ['"b"', false],
  ['Wed, 21 Oct 2015 07:28:00 GMT', false],
])('If-Range %j holds for "a": %o', (header, expected) => {
  expect(ifRangeHolds(header, '"a"')).toBe(expected);
});
