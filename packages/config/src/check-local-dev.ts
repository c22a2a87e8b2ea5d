import { AgnesError } from '@agnes/errors';
import { isLoopback } from './loopback.ts';

interface Checked {
  readonly localDevMode: boolean;
  readonly host: string;
  readonly serverUrl: string;
  readonly trustedProxies: readonly string[];
}

/** Throws `invalid_config` when local development mode is on where somebody else could reach the server. */
export function checkLocalDev(config: Checked, domain: string | undefined): void {
  if (!config.localDevMode) return;
  const { host, serverUrl } = config;
  if (!isLoopback(host)) throw refused(`the server listens on ${host}`, 'set HOST=127.0.0.1');
  if (domain !== undefined) throw refused('DOMAIN is set', 'unset DOMAIN');
  const url = new URL(serverUrl);
  if (url.protocol === 'https:' || !isLoopback(url.hostname)) {
    throw refused(`people reach the server at ${url.origin}`, 'unset SERVER_URL');
  }
  if (config.trustedProxies.length > 0) throw refused('AGNES_TRUSTED_PROXIES is set', 'unset it');
}

function refused(why: string, instead: string): AgnesError {
  return new AgnesError('invalid_config', `LOCAL_DEV_MODE lets anybody in as an administrator, and ${why}.`, {
    hint: `Unset LOCAL_DEV_MODE. On your own machine: ${instead}.`,
  });
}
