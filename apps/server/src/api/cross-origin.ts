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
  return function crossOrigin(context, next) {
    if (context.req.header('origin') !== undefined) return answerPages(context, next);
    // Programs name no origin. Their answer is not added to, because it would be made anew, and sent for more. A browser shall
    // not show what it kept of one to a page that is to have another.
    context.env?.outgoing?.setHeader('vary', 'Origin');
    return next();
  };
}
