import type { MiddlewareHandler } from 'hono';
import type { HttpEnvironment } from './environment.ts';

/** Every version of the CLI may talk to this server. */
const LEAST_CLI_VERSION = '0.0.0';

/** Tells clients which version runs here, so that they can suggest an upgrade. */
export function versionHeaders(version: string): MiddlewareHandler<HttpEnvironment> {
  return async function versionHeaders(context, next) {
    await next();
    context.res.headers.set('x-agnes-latest-version', version);
    context.res.headers.set('x-agnes-min-version', LEAST_CLI_VERSION);
  };
}
