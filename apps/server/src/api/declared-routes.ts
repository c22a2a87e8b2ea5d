import type { Operation } from '@agnes/api-contract';
import type { Hono } from 'hono';
import type { HttpEnvironment } from './environment.ts';

/** Where middleware of the app stands: it passes every request on to what is declared, or to nothing. */
const MIDDLEWARE = ['*', '/*', '/api/*'];

/**
 * Throws for a route that no operation declares: what the contract does not know has no access rule, is in no document, and
 * is asked by no test of access.
 */
export function refuseUndeclaredRoutes(
  app: Pick<Hono<HttpEnvironment>, 'routes'>,
  operations: Readonly<Record<string, Operation>>,
): void {
  const declared = new Set<string>();
  for (const { method, path } of Object.values(operations)) {
    const route = path.replaceAll(/\{(\w+)\}/g, ':$1');
    // Every declared path answers its other methods, too: with 405.
    for (const one of [method, 'ALL']) declared.add(`${one} ${route}`);
  }
  for (const { method, path } of app.routes) {
    if (method === 'ALL' && MIDDLEWARE.includes(path)) continue;
    if (declared.has(`${method} ${path}`)) continue;
    throw new Error(`${method} ${path} is served, and no operation declares it: add it to @agnes/api-contract.`);
  }
}
