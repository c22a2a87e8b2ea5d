import * as v from 'valibot';
import { defineOperation } from '../operation.ts';
import { time } from '../schemas.ts';

const version = v.object({
  version: v.string(),
  channel: v.string(),
  image_tag: v.string(),
  commit_sha: v.string(),
  schema_version: v.string(),
  deployed_at: time,
});

export const healthOperations = {
  health: defineOperation({
    id: 'health',
    method: 'GET',
    path: '/api/health',
    tag: 'health',
    summary: 'Whether the server and its state database work. Always 200.',
    access: 'public',
    status: 200,
    response: v.object({
      status: v.picklist(['ok', 'unhealthy']),
      db_schema: v.picklist(['ok', 'mismatch', 'unreachable']),
      current: v.nullable(v.string()),
      expected: v.string(),
      detail: v.optional(v.string()),
    }),
    errors: [],
  }),
  healthDetailed: defineOperation({
    id: 'healthDetailed',
    method: 'GET',
    path: '/api/health/detailed',
    tag: 'health',
    summary: 'How each part of the installation is doing.',
    access: 'caller',
    status: 200,
    response: v.object({
      ...version.entries,
      status: v.picklist(['healthy', 'degraded', 'unhealthy']),
      timestamp: time,
      services: v.record(
        v.string(),
        v.looseObject({
          status: v.picklist(['ok', 'info', 'unknown', 'warning', 'error']),
          detail: v.optional(v.string()),
        }),
      ),
    }),
    errors: [],
    cli: 'diagnose',
  }),
  liveness: defineOperation({
    id: 'liveness',
    method: 'GET',
    path: '/healthz',
    tag: 'health',
    summary: 'The process answers.',
    access: 'public',
    status: 200,
    response: v.object({ status: v.literal('ok') }),
    errors: [],
  }),
  readiness: defineOperation({
    id: 'readiness',
    method: 'GET',
    path: '/readyz',
    tag: 'health',
    summary: 'The server is ready for requests; 503 while it starts or stops.',
    access: 'public',
    status: 200,
    response: v.object({ status: v.literal('ready') }),
    errors: ['unavailable'],
  }),
  version: defineOperation({
    id: 'version',
    method: 'GET',
    path: '/api/version',
    tag: 'health',
    summary: 'What runs here.',
    access: 'public',
    status: 200,
    response: version,
    errors: [],
  }),
  openapi: defineOperation({
    id: 'openapi',
    method: 'GET',
    path: '/openapi.json',
    tag: 'health',
    summary: 'This document.',
    access: 'public',
    status: 200,
    response: v.looseObject({ openapi: v.string() }),
    errors: [],
  }),
};
