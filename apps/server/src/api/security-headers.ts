import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { HttpEnvironment } from './environment.ts';

export interface SecurityHeadersOptions {
  /** How long browsers shall use nothing but TLS with this host; 0 to say nothing. */
  readonly hstsSeconds: number;
}

/** Headers against what a browser could be made to do: nothing is framed, sniffed, or kept by a cache, and no script runs. */
export function securityHeaders({ hstsSeconds }: SecurityHeadersOptions): MiddlewareHandler<HttpEnvironment> {
  const common = {
    xFrameOptions: 'DENY',
    strictTransportSecurity: hstsSeconds > 0 && `max-age=${hstsSeconds}`,
    permissionsPolicy: { camera: [], geolocation: [], microphone: [], payment: [], usb: [] },
    overwrite: false,
  };
  const forData = secureHeaders({
    ...common,
    contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  });
  const forPages = secureHeaders({
    ...common,
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      styleSrc: ["'self'"],
      formAction: ["'self'"],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
    // No path, because links to set a password have a secret in theirs; but the origin: with `no-referrer` browsers would
    // send `Origin: null` with a form, and where there is no `Sec-Fetch-Site` it could not prove where it is from.
    referrerPolicy: 'strict-origin',
  });
  return async function securityHeaders(context, next) {
    await next();
    const { headers } = context.res;
    const isPage = headers.get('content-type')?.startsWith('text/html') === true;
    await (isPage ? forPages : forData)(context, async () => {});
    if (!context.res.headers.has('cache-control')) context.res.headers.set('cache-control', 'no-store');
  };
}
