import type { MiddlewareHandler } from 'hono';
import { compress } from 'hono/compress';
import type { HttpEnvironment } from './environment.ts';

const LEAST_BYTES = 1024;

/** Compresses JSON that is worth it. Nothing else: parts are compressed already, and pages are small. */
export function compressJson(): MiddlewareHandler<HttpEnvironment> {
  const compressed = compress({
    encoding: 'gzip',
    threshold: LEAST_BYTES,
    contentTypeFilter: /^application\/(problem\+)?json/,
  });
  return async function compressJson(context, next) {
    await next();
    // Without a body there is nothing to look at, and looking costs: see `common-headers.ts`.
    if (context.res.status !== 304) await compressed(context, async () => {});
  };
}
