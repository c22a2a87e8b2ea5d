import type { Operation } from '@agnes/api-contract';
import { AgnesError, isAgnesError } from '@agnes/errors';
import type { AuditTrail } from '@agnes/rbac';
import { Hono } from 'hono';
import type { Logger } from 'pino';
import { clientAddress } from './client-address.ts';
import { commonHeaders } from './common-headers.ts';
import { compressJson } from './compress-json.ts';
import { crossOrigin } from './cross-origin.ts';
import type { HttpEnvironment } from './environment.ts';
import { type ErrorPage, failure } from './failure.ts';
import { type MountOptions, mountOperations } from './mount.ts';
import { noteRefusal } from './note-refusal.ts';
import { requestId } from './request-id.ts';
import { requestLog } from './request-log.ts';

export interface AppOptions<Operations extends Record<string, Operation>> extends MountOptions<Operations> {
  readonly log: Logger;
  readonly version: string;
  /** Proxies whose word on the client's address is taken. */
  readonly trustedProxies: readonly string[];
  /** Origins whose pages may call the API. */
  readonly corsOrigins: readonly string[];
  readonly hstsSeconds: number;
  /** Where it is noted that somebody was refused. */
  readonly audit: Pick<AuditTrail, 'note'>;
  /** What a browser shows where a program gets a problem document. */
  readonly errorPage: ErrorPage;
}

/** The whole HTTP surface as one Hono app. Throws when operations and handlers do not match. */
export function createApp<Operations extends Record<string, Operation>>(
  options: AppOptions<Operations>,
): Hono<HttpEnvironment> {
  const app = new Hono<HttpEnvironment>();
  app.use(commonHeaders(options));
  app.use(requestId());
  app.use(requestLog(options.log));
  app.use(clientAddress(options.trustedProxies));
  if (options.corsOrigins.length > 0) app.use(crossOrigin(options.corsOrigins));
  app.use(compressJson());
  mountOperations(app, options);

  app.notFound(function notFound(context) {
    const error = new AgnesError('not_found', 'There is nothing at this path.', {
      hint: '/openapi.json lists every path.',
    });
    return failure(error, context, options.errorPage);
  });
  app.onError(function onError(error, context) {
    const requestId = context.get('requestId');
    // An unforeseen error, and a foreseen one that is the server's fault, need whoever runs the server.
    if (!isAgnesError(error) || error.status === 500 || error.status === 507) {
      options.log.error({ request_id: requestId, path: context.get('operation')?.path ?? null, err: error }, 'failed');
    }
    noteRefusal(options.audit, error, context);
    return failure(error, context, options.errorPage);
  });
  return app;
}
