import { ERROR_CODES } from '@agnes/errors';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { type Operation, openApiDocument, operations, scopeAdmits } from './index.ts';

const all: [string, Operation][] = Object.entries(operations);

describe('the contract', () => {
  test('no two operations answer the same method and path', () => {
    const places = all.map(([, operation]) => `${operation.method} ${operation.path.replaceAll(/\{\w+\}/g, '{}')}`);
    expect(new Set(places).size).toBe(places.length);
  });

  test.each(all)('%s is named as its key, and its path parameters are those of its schema', (key, operation) => {
    expect(operation.id).toBe(key);
    const inPath = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
    const declared =
      operation.params === undefined ? [] : Object.keys((operation.params as { entries?: object }).entries ?? {});
    expect(declared.sort()).toEqual(inPath.sort());
    if (typeof operation.access === 'object') expect(inPath).toContain(operation.access.param);
  });

  test.each(all)('%s names only codes that have an HTTP status', (_key, operation) => {
    for (const code of operation.errors) expect(ERROR_CODES[code].status, code).toBeGreaterThanOrEqual(400);
  });
});

describe('the scopes of access tokens', () => {
  const admittedBy = (scope: string) =>
    all.filter(([, operation]) => scopeAdmits(scope, operation.scopes)).map(([id]) => id);

  test.each([
    ['pull', ['me', 'catalog', 'catalogTables', 'tableSchema', 'syncManifest', 'getBlob']],
    ['query', ['me', 'catalog', 'catalogTables', 'tableSchema', 'tableSample']],
  ])('%s opens at least %j', (scope, ids) => {
    expect(admittedBy(scope)).toEqual(expect.arrayContaining(ids));
  });

  test('read is pull and query together, and bootstrap-analyst is read', () => {
    const both = new Set([...admittedBy('pull'), ...admittedBy('query')]);
    expect(new Set(admittedBy('read'))).toEqual(both);
    expect(admittedBy('bootstrap-analyst')).toEqual(admittedBy('read'));
  });

  test('none but general opens what changes something for others, or makes credentials', () => {
    for (const id of admittedBy('read')) {
      const { access } = (operations as Record<string, Operation>)[id] as Operation;
      expect(access === 'caller' || typeof access === 'object', id).toBe(true);
    }
    expect(admittedBy('general')).toHaveLength(all.length);
    for (const unknown of ['', 'General', 'toString', '__proto__']) expect(admittedBy(unknown)).toEqual([]);
  });
});

test('whoever looks as somebody else cannot change anything', () => {
  const viewable = all.filter(([, operation]) => operation.viewAs === true);
  expect(viewable.length).toBeGreaterThan(5);
  // A query is posted, and reads.
  const writing = viewable.filter(([id, { method }]) => method !== 'GET' && id !== 'query');
  expect(writing).toEqual([]);
});

describe('what people write', () => {
  test.each([
    ['createGroup', { name: 'a\ud800' }],
    ['createGroup', { name: 'a\u0000b' }],
    ['createGroup', { name: '\u001b[2Ja' }],
    ['createGroup', { name: 'a\nb' }],
    ['createGroup', { name: 'a', description: '\udc00' }],
    ['createGroup', { name: 'a', description: 'x'.repeat(10_001) }],
    ['createUser', { email: 'a@example.com', name: '\ud800' }],
    ['registerTable', { name: 'a', description: '\u001b[2J' }],
    ['registerTable', { name: 'a', source_table: 'a\u0000.csv' }],
    ['registerTable', { name: 'a', bucket: '\ud800' }],
    ['registerTable', { name: 'a', column_types: { 'a\u0000': 'INTEGER' } }],
  ] as const)('%s refuses %j', (id, body) => {
    expect(v.is(operations[id].body, body)).toBe(false);
  });

  test.each([
    ['createGroup', { name: 'Vertrieb Süd 東京 👍', description: 'Two\nlines,\tand a tab.' }],
    ['registerTable', { name: 'a', source_table: 'orders/*.csv', bucket: 'été', description: null }],
  ] as const)('%s takes %j', (id, body) => {
    expect(v.is(operations[id].body, body)).toBe(true);
  });
});

describe('the OpenAPI document', () => {
  const document = openApiDocument(operations, { version: '1.2.3', url: 'https://agnes.example.com' }) as {
    paths: Record<string, Record<string, unknown>>;
  };

  test('has every operation, and is plain JSON', () => {
    const count = Object.values(document.paths).flatMap((path) => Object.keys(path)).length;
    expect(count).toBe(all.length);
    expect(JSON.parse(JSON.stringify(document))).toEqual(document);
  });

  test('tells what a body looks like, and which errors to expect', () => {
    const register = document.paths['/api/admin/register-table']?.post as {
      requestBody: { content: { 'application/json': { schema: { required: string[] } } } };
      responses: Record<string, { description: string }>;
    };
    expect(register.requestBody.content['application/json'].schema.required).toEqual(['name']);
    expect(register.responses['409']?.description).toContain('table_exists');
    expect(register.responses['403']?.description).toContain('forbidden');
  });
});
