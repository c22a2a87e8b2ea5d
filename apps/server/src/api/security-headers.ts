import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { HttpEnvironment } from './environment.ts';

/** Headers for an API that serves data and no page: nothing may be framed, sniffed, executed or kept by a cache. */
export function securityHeaders(): MiddlewareHandler<HttpEnvironment> {
  const secure = secureHeaders({
    contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    xFrameOptions: 'DENY',
    // TLS ends at a proxy or not at all; whoever ends it knows whether to promise it.
    strictTransportSecurity: false,
    overwrite: false,
  });
  return async function securityHeaders(context, next) {
    await secure(context, next);
    if (!context.res.headers.has('cache-control')) context.res.headers.set('cache-control', 'no-store');
  };
}
