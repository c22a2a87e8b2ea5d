import { ERROR_CODES, type ErrorCode } from '@agnes/errors';
import { toJsonSchema } from '@valibot/to-json-schema';
import type { GenericSchema } from 'valibot';
import type { Operation } from './operation.ts';

type Json = Record<string, unknown>;

/** Codes that every operation may answer with, beside its own. */
const COMMON: readonly ErrorCode[] = [
  'malformed_request',
  'invalid_request',
  'too_many_requests',
  'internal_error',
  'unavailable',
];

/** The OpenAPI 3.1 document of a set of operations, as the server of that version at that URL has them. */
export function openApiDocument(
  operations: Record<string, Operation>,
  { version, url }: { readonly version: string; readonly url: string },
): Json {
  const paths: Record<string, Json> = {};
  for (const operation of Object.values(operations)) {
    paths[operation.path] = { ...paths[operation.path], [operation.method.toLowerCase()]: operationObject(operation) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Agnes', version, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url }],
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } },
      schemas: {
        Problem: {
          type: 'object',
          description: 'An RFC 9457 problem document.',
          required: ['type', 'title', 'status', 'detail', 'code'],
          properties: {
            type: { type: 'string' },
            title: { type: 'string' },
            status: { type: 'integer' },
            detail: { type: 'string' },
            code: { type: 'string', enum: Object.keys(ERROR_CODES) },
            hint: { type: 'string' },
            request_id: { type: 'string' },
          },
        },
      },
    },
  };
}

function operationObject(operation: Operation): Json {
  const parameters = [...parametersOf(operation.params, 'path'), ...parametersOf(operation.query, 'query')];
  return {
    operationId: operation.id,
    tags: [operation.tag],
    summary: operation.summary,
    'x-access': operation.access,
    ...(operation.scopes === undefined ? {} : { 'x-scopes': operation.scopes }),
    ...(operation.cli === undefined ? {} : { 'x-cli': `agnes ${operation.cli}` }),
    security: isOpen(operation) ? [] : [{ bearer: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(operation.body === undefined
      ? {}
      : {
          requestBody: {
            required: operation.bodyOptional !== true,
            content: contentOf(operation, schemaOf(operation.body, 'input')),
          },
        }),
    responses: { [operation.status]: success(operation), ...problems(operation) },
  };
}

const isOpen = ({ access }: Operation): boolean => access === 'public' || access === 'visitor';

const contentOf = ({ form }: Operation, schema: Json): Json => ({
  'application/json': { schema },
  ...(form === true ? { 'application/x-www-form-urlencoded': { schema } } : {}),
});

function success(operation: Operation): Json {
  const { response } = operation;
  if (response === 'empty') return { description: 'Done.' };
  if ('binary' in response) {
    return {
      description: 'The bytes.',
      content: { [response.binary]: { schema: { type: 'string', format: 'binary' } } },
    };
  }
  return { description: 'The answer.', content: { 'application/json': { schema: schemaOf(response, 'output') } } };
}

function problems(operation: Operation): Json {
  const codes = new Set<ErrorCode>([...COMMON, ...operation.errors]);
  if (!isOpen(operation))
    for (const code of ['unauthenticated', 'invalid_credentials', 'scope_refused'] as const) codes.add(code);
  if (operation.method !== 'GET' && operation.access !== 'public') codes.add('csrf_refused');
  if (operation.access === 'session') codes.add('session_required');
  if (operation.access === 'admin' || operation.access === 'admin_or_scheduler') codes.add('forbidden');
  const byStatus = Map.groupBy(codes, (code) => ERROR_CODES[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, list]) => [
      status,
      {
        description: list.map((code) => `\`${code}\`: ${ERROR_CODES[code].meaning}`).join('\n'),
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    ]),
  );
}

function parametersOf(schema: GenericSchema | undefined, place: 'path' | 'query'): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as { properties?: Json; required?: string[] };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: required.includes(name),
    schema: property,
  }));
}

// Transformations (trim, lower-case, text to number) have no JSON Schema; the declared input type stands for them.
function schemaOf(schema: GenericSchema, typeMode: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = toJsonSchema(schema, { typeMode, errorMode: 'ignore' });
  return rest;
}
