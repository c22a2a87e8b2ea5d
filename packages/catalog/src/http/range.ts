/** What of a file a `Range` header asks for. Both ends are inclusive. */
export type RequestedRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'unsatisfiable' };

const WHOLE: RequestedRange = { kind: 'whole' };
const UNSATISFIABLE: RequestedRange = { kind: 'unsatisfiable' };

/**
 * Reads a `Range` header (RFC 9110 §14.2) for a file of `size` bytes. One range of bytes is served; another unit, several
 * ranges or bad syntax are answered with the whole file, as a server may.
 */
export function requestedRange(header: string | null, size: number): RequestedRange {
  const unit = header === null ? null : /^bytes=/i.exec(header);
  if (header === null || unit === null) return WHOLE;
  // A list may have empty elements (RFC 9110 §5.6.1).
  const specs = header
    .slice(unit[0].length)
    .split(',')
    .map((spec) => spec.replace(/^[ \t]+|[ \t]+$/g, ''))
    .filter((spec) => spec !== '');
  const [spec] = specs;
  if (spec === undefined || specs.length > 1) return WHOLE;
  const match = /^(\d*)-(\d*)$/.exec(spec);
  const [, first = '', last = ''] = match ?? [];
  if (match === null || (first === '' && last === '')) return WHOLE;

  // Digits beyond a double's reach become larger than any size, which is what they mean.
  if (first === '') {
    const length = Number(last);
    if (length === 0 || size === 0) return UNSATISFIABLE;
    return { kind: 'part', start: Math.max(0, size - length), end: size - 1 };
  }
  const start = Number(first);
  if (last !== '' && isLess(last, first)) return WHOLE;
  if (start >= size) return UNSATISFIABLE;
  return { kind: 'part', start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) };
}

/** Compares decimal digits of any length. */
function isLess(a: string, b: string): boolean {
  const [left, right] = [a, b].map((digits) => digits.replace(/^0+/, '')) as [string, string];
  return left.length === right.length ? left < right : left.length < right.length;
}
