import { isIP } from 'node:net';

/** Whether a host name or address, also one in brackets as URLs have it, means this machine and no other. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return bare === 'localhost' || bare === '::1' || (isIP(bare) === 4 && bare.startsWith('127.'));
}
