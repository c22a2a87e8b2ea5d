import { randomBytes } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { HttpEnvironment } from './environment.ts';

/** Gives each request an id: the client's `x-request-id`, cut to what is safe in a log, or a new one. */
export function requestId(): MiddlewareHandler<HttpEnvironment> {
  return async function requestId(context, next) {
    const sent = (context.req.header('x-request-id') ?? '').replaceAll(/[^A-Za-z0-9_-]/g, '').slice(0, 64);
    const id = sent === '' ? randomBytes(6).toString('hex') : sent;
    context.set('requestId', id);
    await next();
    context.res.headers.set('x-request-id', id);
  };
}
