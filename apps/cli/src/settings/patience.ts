import { AgnesError } from '@agnes/errors';
import type { Environment } from './folders.ts';

const DEFAULT_SECONDS = 30;

/** How long a server may say nothing, in milliseconds: AGNES_TIMEOUT_SECONDS, else 30 s. Throws `usage`. */
export function patience(env: Environment): number {
  const text = env.AGNES_TIMEOUT_SECONDS;
  if (!text) return DEFAULT_SECONDS * 1000;
  const seconds = Number(text);
  if (seconds > 0 && seconds <= 86_400) return seconds * 1000;
  throw new AgnesError('usage', `AGNES_TIMEOUT_SECONDS is '${text}'.`, {
    hint: 'Set it to a number of seconds, or unset it: 30 is the default.',
  });
}
