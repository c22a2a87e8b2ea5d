import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@agnes/api-client';
import { AgnesError, isAgnesError } from '@agnes/errors';

type Waiting = Awaited<ReturnType<Client['startDeviceLogin']>>;
type Session = Awaited<ReturnType<Client['deviceToken']>>;

/** What a person has to do in a browser. */
export interface Approval {
  readonly url: string;
  readonly code: string;
  /** Whether a browser is opened there. */
  readonly opens: boolean;
  /** How many seconds the code lasts. */
  readonly expiresIn: number;
}

export interface DeviceLoginOptions {
  readonly client: Client;
  /** What the person who approves is shown. */
  readonly clientName: string;
  /** Tells the person where to go, with which code. */
  readonly tell: (approval: Approval) => void;
  /** Opens a browser; undefined where there is none. */
  readonly openBrowser: ((url: string) => Promise<unknown>) | undefined;
}

/**
 * Signs in by approval in a browser, on this computer or any other (RFC 8628): asks for a code, says where to enter it, and
 * waits. Throws `device_login_denied`, `device_login_expired`.
 */
export async function signInByDevice({ client, clientName, tell, openBrowser }: DeviceLoginOptions): Promise<Session> {
  const started = performance.now();
  const login = await client.startDeviceLogin({ body: { client_name: clientName } });
  const url = pageOf(login);
  const opens = openBrowser !== undefined;
  tell({
    url: opens ? url : pageOf(login, 'verification_uri'),
    code: login.user_code,
    opens,
    expiresIn: login.expires_in,
  });
  // A browser that does not come up is no reason to stop: the address is on the screen.
  await openBrowser?.(url).catch(() => undefined);
  let seconds = Math.max(1, login.interval);
  for (;;) {
    await sleep(seconds * 1000);
    try {
      return await client.deviceToken({ body: { device_code: login.device_code } });
    } catch (error) {
      if (isAgnesError(error, 'slow_down')) seconds += 5;
      else if (!isAgnesError(error, 'authorization_pending', 'server_unreachable', 'unavailable')) throw error;
      if (performance.now() - started > login.expires_in * 1000) throw error;
    }
  }
}

/** The address to open. Throws `server_error` for one that is no web page: a server says what a browser is to open here. */
function pageOf(
  login: Waiting,
  which: 'verification_uri' | 'verification_uri_complete' = 'verification_uri_complete',
): string {
  const url = URL.parse(login[which]);
  if (url !== null && /^https?:$/.test(url.protocol) && /^[\w-]{1,40}$/.test(login.user_code)) return url.href;
  throw new AgnesError('server_error', 'The server names no web page on which this sign-in could be approved.', {
    hint: 'Sign in with a password: agnes auth login --email <address>',
  });
}
