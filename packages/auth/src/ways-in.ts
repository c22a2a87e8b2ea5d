import { AgnesError } from '@agnes/errors';
import type { Caller } from './caller.ts';

/** Where a request comes from: the peer of the API contract. */
export interface Peer {
  /** The client's address; behind a trusted proxy the one that the proxy names. */
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** Which request it is, where the log must say so. */
  readonly requestId?: string;
}

/**
 * One way in: reads its own kind of credentials from a request. Undefined when the request carries none of that kind;
 * throws `invalid_credentials` or `account_deactivated` when it does and they do not hold.
 */
export type WayIn = (headers: Headers, peer: Peer) => Promise<Caller | undefined>;

/** Wrong, expired, revoked and unknown answer alike: who guesses learns nothing. */
export function invalidToken(): AgnesError {
  return new AgnesError('invalid_credentials', 'The token is wrong, expired or revoked.', {
    hint: 'Sign in again: agnes auth login',
  });
}

export function accountDeactivated(): AgnesError {
  return new AgnesError('account_deactivated', 'This account is deactivated.', {
    hint: 'Ask an administrator to activate it.',
  });
}

/** The token of an `Authorization: Bearer` header. Throws `malformed_request` for any other form of that header. */
export function bearerToken(headers: Headers): string | undefined {
  const header = headers.get('authorization');
  if (header === null) return undefined;
  const token = /^Bearer +([\w.~+/=-]+) *$/i.exec(header)?.[1];
  if (token === undefined) {
    throw new AgnesError('malformed_request', 'The Authorization header is not of the form `Bearer <token>`.', {
      hint: 'Send `Authorization: Bearer <token>`.',
    });
  }
  return token;
}
