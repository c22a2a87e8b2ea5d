import { parseServerUrl } from '@agnes/api-client';

/** A server's address in the one form in which addresses are stored and compared: no slash at the end, no query. */
export function normaliseServer(text: string): string {
  return parseServerUrl(text.trim()).href.replace(/\/+$/, '');
}
