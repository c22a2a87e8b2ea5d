import { expect, test } from 'vitest';
import { type Operation, operations } from './index.ts';
import { type ResponseKind, routes } from './routes.ts';

const all: [string, Operation][] = Object.entries(operations);

function kindOf({ response }: Operation): ResponseKind {
  if (response === 'empty') return 'empty';
  return 'binary' in response ? 'binary' : 'json';
}

test('the routes are those of the operations, in their order', () => {
  const lines = all.map(
    ([id, operation]) => `  ${id}: ['${operation.method}', '${operation.path}', '${kindOf(operation)}'],`,
  );
  const written = Object.entries(routes).map(
    ([id, [method, path, kind]]) => `  ${id}: ['${method}', '${path}', '${kind}'],`,
  );
  // When this fails, the right-hand side is what src/routes.ts should say.
  expect(written.join('\n')).toBe(lines.join('\n'));
});
