import type { MiddlewareHandler } from 'hono';
import type { Logger } from 'pino';
import type { HttpEnvironment } from './environment.ts';

/**
 * One line a request: id, method, path pattern, status, milliseconds until the answer begins, user id. Never a header, a
 * body, a query string or the path as it was sent, because any of them may hold a secret.
 */
export function requestLog(log: Logger): MiddlewareHandler<HttpEnvironment> {
  return async function requestLog(context, next) {
    const started = performance.now();
    await next();
    const operation = context.get('operation');
    const { status } = context.res;
    const line = {
      request_id: context.get('requestId'),
      method: context.req.method,
      path: operation?.path ?? null,
      status,
      ms: Math.round(performance.now() - started),
      user_id: context.get('userId') ?? null,
    };
    if (status >= 500) log.warn(line, 'request');
    else if (operation?.tag === 'health') log.debug(line, 'request');
    else log.info(line, 'request');
  };
}
