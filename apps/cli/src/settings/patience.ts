import { AgnesError } from '@agnes/errors';
import type { Environment } from './folders.ts';

/** How long a server may say nothing, in milliseconds: AGNES_TIMEOUT_SECONDS, else 30 s. Throws `usage`. */
export function patience(env: Environment): number {
  return milliseconds(env, 'AGNES_TIMEOUT_SECONDS', 30);
}

/** How long a query on the server may take, in milliseconds: AGNES_QUERY_TIMEOUT, else 300 s. Throws `usage`. */
export function queryTimeout(env: Environment): number {
  return milliseconds(env, 'AGNES_QUERY_TIMEOUT', 300);
}

function milliseconds(env: Environment, name: string, fallback: number): number {
  const text = env[name];
  if (!text) return fallback * 1000;
  const seconds = Number(text);
  if (seconds > 0 && seconds <= 86_400) return seconds * 1000;
  throw new AgnesError('usage', `${name} is '${text}'.`, {
    hint: `Set it to a number of seconds, or unset it: ${fallback} is the default.`,
  });
}
