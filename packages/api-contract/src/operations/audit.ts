import * as v from 'valibot';
import { defineOperation } from '../operation.ts';
import { id, nonNegative, queryInteger, time } from '../schemas.ts';

/** One line of the audit log. */
export const auditEntry = v.object({
  id: v.string(),
  timestamp: time,
  /** Null when nobody is known; `scheduler` for the scheduler. */
  user_id: v.nullable(v.string()),
  /** Null also when the account was deleted since. */
  user_email: v.nullable(v.string()),
  action: v.string(),
  resource: v.nullable(v.string()),
  params: v.nullable(v.record(v.string(), v.unknown())),
  /** `ok`, or the code of what it ended with. */
  result: v.nullable(v.string()),
  ip: v.nullable(v.string()),
  credential_id: v.nullable(v.string()),
  duration_ms: v.nullable(nonNegative),
});

const moment = v.pipe(
  v.string(),
  v.check((text) => !Number.isNaN(Date.parse(text)), 'must be a moment such as 2026-01-31 or 2026-01-31T12:00:00Z'),
);

const filter = {
  /** From this moment on. */
  from: v.optional(moment),
  /** Before this moment. */
  to: v.optional(moment),
  /** Id or e-mail address. */
  user: v.optional(id),
  /** An action, or how it begins: `auth.` is every way of signing in. */
  action: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(200))),
  /** `<kind>:<id>`, or how it begins. */
  resource: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(500))),
  /** `ok`, the code of an error, or `!ok` for all that is not `ok`. */
  result: v.optional(v.pipe(v.string(), v.minLength(1), v.maxLength(200))),
};

export const auditOperations = {
  listAudit: defineOperation({
    id: 'listAudit',
    method: 'GET',
    path: '/api/admin/audit',
    tag: 'audit',
    summary: 'The audit log, newest first, a page at a time.',
    access: 'admin',
    query: v.object({
      ...filter,
      limit: queryInteger(1, 1000, 100),
      /** `next` of the page before. */
      after: v.optional(v.pipe(v.string(), v.maxLength(200))),
    }),
    status: 200,
    response: v.object({
      entries: v.array(auditEntry),
      /** Null on the last page. */
      next: v.nullable(v.string()),
    }),
    errors: ['user_not_found'],
    cli: 'admin audit',
  }),
  exportAudit: defineOperation({
    id: 'exportAudit',
    method: 'GET',
    path: '/api/admin/audit/export',
    tag: 'audit',
    summary: 'The audit log as NDJSON, oldest first: what was written when the export began.',
    access: 'admin',
    query: v.object(filter),
    status: 200,
    response: { binary: 'application/x-ndjson' },
    errors: ['user_not_found'],
    cli: 'admin audit export',
  }),
};
