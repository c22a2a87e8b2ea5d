import { customType } from 'drizzle-orm/pg-core';

/** A column of JSON. Half of a surrogate pair, which no engine stores, becomes U+FFFD: words of a connector may end in one. */
export const json = customType<{ data: unknown; driverData: unknown }>({
  dataType: () => 'json',
  toDriver: (value) =>
    // An escaped backslash is taken whole, so that a text which only looks like an escape stays what it is.
    JSON.stringify(value).replaceAll(/\\(?:\\|ud[89a-f][0-9a-f]{2})/g, (all) => (all === '\\\\' ? all : '\\ufffd')),
  fromDriver: (value) => (typeof value === 'string' ? (JSON.parse(value) as unknown) : value),
});
