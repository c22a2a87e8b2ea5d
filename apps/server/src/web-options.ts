import type { Operation } from '@agnes/api-contract';
import type { Config } from '@agnes/config';
import type { AppOptions } from './api/app.ts';
import type { Parts } from './parts.ts';

type WebOptions = Pick<
  AppOptions<Record<string, Operation>>,
  'browsers' | 'trustedProxies' | 'corsOrigins' | 'hstsSeconds'
>;

/** What the configuration says of proxies and browsers. */
export function webOptions(config: Config, { auth }: Pick<Parts, 'auth'>): WebOptions {
  const { origin, protocol } = new URL(config.serverUrl);
  return {
    trustedProxies: config.trustedProxies,
    corsOrigins: config.corsOrigins,
    // Over plain http browsers ignore it, and a wrong promise would lock people out of other services of the host.
    hstsSeconds: protocol === 'https:' ? config.hstsSeconds : 0,
    browsers: {
      origin,
      hasSession: (headers) => auth.cookie.read(headers) !== undefined,
      anonymousIsSomebody: config.localDevMode,
    },
  };
}
