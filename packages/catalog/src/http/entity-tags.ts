/**
 * Whether an `If-None-Match` header names this entity tag (RFC 9110 §13.1.2): a list of tags, compared weakly, or `*`.
 * What is no list of tags names nothing.
 */
export function noneMatchNames(header: string | null, etag: string): boolean {
  if (header === null) return false;
  if (header.trim() === '*') return true;
  const tags: readonly string[] = header.match(/"[\x21\x23-\x7e\x80-\xff]*"/g) ?? [];
  return tags.includes(etag);
}

/** Whether an `If-Range` header lets a range be served (RFC 9110 §13.1.5): absent, or exactly this strong tag. */
export function ifRangeHolds(header: string | null, etag: string): boolean {
  return header === null || header.trim() === etag;
}
