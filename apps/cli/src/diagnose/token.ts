import { isAgnesError } from '@agnes/errors';
import { connect } from '../connect.ts';
import { formatTime } from '../output/units.ts';
import type { Environment } from '../settings/folders.ts';
import type { Check } from './check.ts';
import { failedCheck, skipped } from './server.ts';

const DAY_MS = 86_400_000;
/** A token that a person made is worth a warning for longer than a session, which lasts a day. */
const SOON_MS = { session: DAY_MS / 12, personal: 7 * DAY_MS } as const;

/** Whether there is a token for the server, and whether the server takes it, now and in the next days. */
export async function checkToken(
  env: Environment,
  version: string,
  flag: string | undefined,
  reachable: boolean,
): Promise<Check> {
  try {
    const { client, server } = await connect(env, version, flag);
    if (!reachable) return skipped('token', 'There is one; whether it is valid, only the server knows.');
    const { email, credential } = await client.me();
    const until = credential.expires_at;
    const left = until === null ? Number.POSITIVE_INFINITY : Date.parse(until) - Date.now();
    const details = { email, kind: credential.kind, expires_at: until };
    const valid = `Signed in as ${email}${until === null ? '' : ` until ${formatTime(until)}`}.`;
    if (left > (credential.kind === 'session' ? SOON_MS.session : SOON_MS.personal)) {
      return { name: 'token', status: 'ok', message: valid, details };
    }
    const action =
      credential.kind === 'session'
        ? `agnes auth login --server ${server}`
        : 'agnes auth token create --name <name>   (signed in with your password)';
    return { name: 'token', status: 'warning', message: `${valid} That is soon.`, action, details };
  } catch (error) {
    if (isAgnesError(error, 'invalid_credentials')) {
      return { name: 'token', status: 'error', message: error.message, action: error.hint ?? 'agnes auth login' };
    }
    return failedCheck('token', error);
  }
}
