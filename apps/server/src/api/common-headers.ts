import type { MiddlewareHandler } from 'hono';
import type { HttpEnvironment } from './environment.ts';

/** Every version of the CLI may talk to this server. */
const LEAST_CLI_VERSION = '0.0.0';

export interface CommonHeadersOptions {
  readonly version: string;
  /** How long browsers shall use nothing but TLS with this host; 0 to say nothing. */
  readonly hstsSeconds: number;
}

/**
 * Headers of every answer that does not say otherwise itself: nothing of it is run, framed, sniffed, told to others, or kept
 * by a cache; and which version runs here, so that clients can suggest an upgrade.
 *
 * They are put on Node's answer ahead: reading the headers of a `Response` makes an object of them, and that was a large part
 * of what a 304 cost (`pnpm bench manifest-304`).
 */
export function commonHeaders({ version, hstsSeconds }: CommonHeadersOptions): MiddlewareHandler<HttpEnvironment> {
  const headers: readonly (readonly [name: string, value: string])[] = [
    ['cache-control', 'no-store'],
    ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
    ['cross-origin-opener-policy', 'same-origin'],
    ['cross-origin-resource-policy', 'same-origin'],
    ['referrer-policy', 'no-referrer'],
    ['x-content-type-options', 'nosniff'],
    ['x-frame-options', 'DENY'],
    ['x-agnes-latest-version', version],
    ['x-agnes-min-version', LEAST_CLI_VERSION],
    ...(hstsSeconds > 0 ? ([['strict-transport-security', `max-age=${hstsSeconds}`]] as const) : []),
  ];
  return function commonHeaders(context, next) {
    const outgoing = context.env?.outgoing;
    for (const [name, value] of headers) outgoing?.setHeader(name, value);
    return next();
  };
}
