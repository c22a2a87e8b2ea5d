import { randomUUID } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { HttpEnvironment } from './environment.ts';

/** Gives each request an id: the client's `x-request-id`, cut to what is safe in a log, or a new one. */
export function requestId(): MiddlewareHandler<HttpEnvironment> {
  return function requestId(context, next) {
    const sent = (context.req.header('x-request-id') ?? '').replaceAll(/[^A-Za-z0-9_-]/g, '').slice(0, 64);
    // The end of a UUID is random in all its bits.
    const id = sent === '' ? randomUUID().slice(-12) : sent;
    context.set('requestId', id);
    context.env?.outgoing?.setHeader('x-request-id', id);
    return next();
  };
}
