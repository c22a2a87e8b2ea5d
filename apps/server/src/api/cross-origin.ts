import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import type { HttpEnvironment } from './environment.ts';

/**
 * Lets pages of the configured origins call the API with a token. Never with the session's cookie: credentials stay off, so a
 * browser hands such a page no answer to a request that carried one.
 */
export function crossOrigin(origins: readonly string[]): MiddlewareHandler<HttpEnvironment> {
  const answerPages = cors({
    origin: [...origins],
    allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: ['authorization', 'content-type', 'if-none-match', 'range', 'x-agnes-view-as', 'x-request-id'],
    exposeHeaders: ['content-disposition', 'content-range', 'etag', 'retry-after', 'x-request-id'],
    maxAge: 600,
  });
  // Programs name no origin. For them nothing is added, because an answer that is added to is made anew, and sent for more.
  return function crossOrigin(context, next) {
    return context.req.header('origin') === undefined ? next() : answerPages(context, next);
  };
}
