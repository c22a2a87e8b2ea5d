import { callerOf, type deviceOperations, type Handlers, peerOf } from '@agnes/api-contract';
import type { Auth } from '../auth.ts';
import { signedInBody } from './signed-in-body.ts';

export interface DeviceHandlersOptions {
  readonly auth: Auth;
  /** The URL under which people reach the server. */
  readonly serverUrl: string;
}

/** The operations of device login. */
export function deviceHandlers({ auth, serverUrl }: DeviceHandlersOptions): Handlers<typeof deviceOperations> {
  const page = `${serverUrl}/login/device`;
  return {
    startDeviceLogin: async ({ body }, context) => {
      const login = await auth.devices.start(body.client_name, peerOf(context));
      return {
        device_code: login.deviceCode,
        user_code: login.userCode,
        verification_uri: page,
        verification_uri_complete: `${page}?user_code=${login.userCode}`,
        expires_in: login.expiresInSeconds,
        interval: login.intervalSeconds,
      };
    },
    deviceToken: async ({ body }, context) =>
      signedInBody(await auth.finishDeviceLogin(body.device_code, peerOf(context))),
    getDeviceLogin: async ({ body }, context) => {
      const { client_name, created_ip, created_at } = await auth.devices.find(body.user_code, callerOf(context));
      return { client_name, created_ip, created_at: created_at.toISOString() };
    },
    approveDeviceLogin: async ({ body }, context) => {
      await auth.devices.answer(body.user_code, 'approved', callerOf(context), peerOf(context));
      return undefined;
    },
    denyDeviceLogin: async ({ body }, context) => {
      await auth.devices.answer(body.user_code, 'denied', callerOf(context), peerOf(context));
      return undefined;
    },
  };
}
