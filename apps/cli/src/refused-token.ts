import type { Client } from '@agnes/api-client';
import { AgnesError, isAgnesError } from '@agnes/errors';

/** A client that has the token of AGNES_TOKEN: whatever refuses it says so, because signing in would not change it. */
export function withEnvironmentToken(make: () => Client): Client {
  let client: Client;
  try {
    client = make();
  } catch (error) {
    throw namingTheVariable(error);
  }
  return new Proxy(client, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member !== 'function') return member;
      return async (...given: unknown[]): Promise<unknown> => {
        try {
          return await Reflect.apply(member, target, given);
        } catch (error) {
          throw namingTheVariable(error);
        }
      };
    },
  });
}

function namingTheVariable(error: unknown): unknown {
  if (!isAgnesError(error, 'invalid_credentials')) return error;
  return new AgnesError('invalid_credentials', `The token in AGNES_TOKEN was refused: ${error.message}`, {
    hint: 'AGNES_TOKEN wins over a sign-in: unset it and run agnes auth login, or set it to a token that is good.',
    details: error.details,
    cause: error,
  });
}
