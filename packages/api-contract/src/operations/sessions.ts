import * as v from 'valibot';
import { defineOperation } from '../operation.ts';
import { id, idParams, nullableTime, shortText, time } from '../schemas.ts';
import { signedIn } from './signed-in.ts';

const session = v.object({
  id,
  /** How its person proved who they are. */
  method: v.nullable(v.string()),
  created_at: time,
  expires_at: nullableTime,
  last_used_at: nullableTime,
  created_ip: v.nullable(v.string()),
  last_used_ip: v.nullable(v.string()),
  user_agent: v.nullable(v.string()),
});
const ownSession = v.object({ ...session.entries, current: v.boolean() });
const ended = v.object({ ended: v.number() });

const own = { tag: 'sessions', access: 'session' } as const;
const byAdmin = { tag: 'sessions', access: 'admin' } as const;

export const sessionOperations = {
  listSessions: defineOperation({
    ...own,
    id: 'listSessions',
    method: 'GET',
    path: '/auth/sessions',
    summary: "The caller's open sessions, the newest first.",
    status: 200,
    response: v.array(ownSession),
    errors: [],
    cli: 'auth sessions list',
  }),
  endOtherSessions: defineOperation({
    ...own,
    id: 'endOtherSessions',
    method: 'DELETE',
    path: '/auth/sessions',
    summary: 'Signs the caller out everywhere but here.',
    status: 200,
    response: ended,
    errors: [],
    cli: 'auth sessions revoke --others',
  }),
  endSession: defineOperation({
    ...own,
    id: 'endSession',
    method: 'DELETE',
    path: '/auth/sessions/{id}',
    summary: "Ends one of the caller's sessions; the next request with it fails.",
    params: idParams,
    status: 204,
    response: 'empty',
    errors: ['session_not_found'],
    cli: 'auth sessions revoke',
  }),
  listUserSessions: defineOperation({
    ...byAdmin,
    id: 'listUserSessions',
    method: 'GET',
    path: '/api/admin/users/{id}/sessions',
    summary: 'The open sessions of an account.',
    params: idParams,
    status: 200,
    response: v.array(session),
    errors: ['user_not_found'],
    cli: 'admin sessions list',
  }),
  endUserSessions: defineOperation({
    ...byAdmin,
    id: 'endUserSessions',
    method: 'DELETE',
    path: '/api/admin/users/{id}/sessions',
    summary: 'Signs an account out everywhere. Its access tokens stay.',
    params: idParams,
    status: 200,
    response: ended,
    errors: ['user_not_found'],
    cli: 'admin sessions revoke --all',
  }),
  endUserSession: defineOperation({
    ...byAdmin,
    id: 'endUserSession',
    method: 'DELETE',
    path: '/api/admin/users/{id}/sessions/{session_id}',
    summary: 'Ends one session of an account.',
    params: v.object({ id, session_id: id }),
    status: 204,
    response: 'empty',
    errors: ['user_not_found', 'session_not_found'],
    cli: 'admin sessions revoke',
  }),
};

const userCode = v.object({ user_code: v.pipe(v.string(), v.minLength(1), v.maxLength(40)) });

export const deviceOperations = {
  startDeviceLogin: defineOperation({
    id: 'startDeviceLogin',
    method: 'POST',
    path: '/auth/device/start',
    tag: 'device',
    summary: 'Begins a sign-in that somebody approves in a browser (RFC 8628).',
    access: 'public',
    body: v.object({ client_name: v.optional(shortText, 'agnes') }),
    status: 200,
    response: v.object({
      device_code: v.string(),
      user_code: v.string(),
      verification_uri: v.string(),
      verification_uri_complete: v.string(),
      /** Seconds. */
      expires_in: v.number(),
      /** Seconds to wait between two questions. */
      interval: v.number(),
    }),
    errors: ['too_many_requests'],
    cli: 'auth login',
  }),
  deviceToken: defineOperation({
    id: 'deviceToken',
    method: 'POST',
    path: '/auth/device/token',
    tag: 'device',
    summary: 'Whether it was approved: the session, once; until then `authorization_pending`.',
    access: 'public',
    body: v.object({ device_code: v.pipe(v.string(), v.minLength(1), v.maxLength(200)) }),
    status: 200,
    response: signedIn,
    errors: [
      'authorization_pending',
      'slow_down',
      'device_login_denied',
      'device_login_expired',
      'account_deactivated',
      'too_many_requests',
    ],
    cli: 'auth login',
  }),
  getDeviceLogin: defineOperation({
    id: 'getDeviceLogin',
    method: 'POST',
    path: '/auth/device/lookup',
    tag: 'device',
    summary: 'Who asks to be let in with a code, to be shown before it is approved.',
    access: 'session',
    body: userCode,
    status: 200,
    response: v.object({ client_name: v.string(), created_ip: v.nullable(v.string()), created_at: time }),
    errors: ['device_code_unknown', 'too_many_requests'],
  }),
  approveDeviceLogin: defineOperation({
    id: 'approveDeviceLogin',
    method: 'POST',
    path: '/auth/device/approve',
    tag: 'device',
    summary: 'Lets the waiting device in as the caller.',
    access: 'session',
    body: userCode,
    status: 204,
    response: 'empty',
    errors: ['device_code_unknown', 'too_many_requests'],
  }),
  denyDeviceLogin: defineOperation({
    id: 'denyDeviceLogin',
    method: 'POST',
    path: '/auth/device/deny',
    tag: 'device',
    summary: 'Turns the waiting device away.',
    access: 'session',
    body: userCode,
    status: 204,
    response: 'empty',
    errors: ['device_code_unknown', 'too_many_requests'],
  }),
};
