import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  authOperations,
  deviceOperations,
  type Operation,
  type RequestContext,
  sessionOperations,
  userOperations,
} from '@agnes/api-contract';
import { createAccess } from '@agnes/rbac';
import { openState, type State } from '@agnes/state';
import { testState } from '@agnes/testkit';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { authHandlers, deviceHandlers, sessionHandlers, userHandlers } from './http.ts';
import { type Auth, createAuth } from './index.ts';

const password = 'correct horse battery';
const email = 'root@example.com';
const all: Record<string, Operation> = {
  ...authOperations,
  ...sessionOperations,
  ...deviceOperations,
  ...userOperations,
};
const covered = new Set<string>();

let folder: string;
let state: State;
let auth: Auth;
let handlers: Record<string, (input: never, context: RequestContext) => Promise<unknown>>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-auth-http-'));
  state = await openState(await testState(join(folder, 'system.duckdb')));
  const access = createAccess({ state });
  await access.seedSystemGroups();
  auth = createAuth({ state, access });
  handlers = {
    ...authHandlers({ auth }),
    ...sessionHandlers({ auth }),
    ...deviceHandlers({ auth, serverUrl: 'https://agnes.example.com' }),
    ...userHandlers({ auth, access }),
  };
});
afterAll(async () => {
  await auth.settled();
  await state.close();
  await rm(folder, { recursive: true, force: true });
});

/** Calls an operation as the server does: input validated by its schemas, the answer checked against its own. */
async function call(id: string, token: string | undefined, input: { params?: unknown; body?: unknown } = {}) {
  const operation = all[id];
  const handler = handlers[id];
  if (operation === undefined || handler === undefined) throw new Error(`no operation ${id}`);
  const headers = new Headers(token === undefined ? {} : { authorization: `Bearer ${token}` });
  const caller = await auth.authenticate(headers, { ip: '192.0.2.1', userAgent: null });
  const context: RequestContext = {
    caller,
    headers,
    requestId: 'r',
    ip: '192.0.2.1',
    method: operation.method,
    signal: new AbortController().signal,
    stillAdmitted: async () => {},
  };
  const validated = {
    params: operation.params && v.parse(operation.params, input.params),
    query: undefined,
    body: operation.body && v.parse(operation.body, input.body),
  };
  covered.add(id);
  const answer = await handler(validated as never, context);
  if (operation.response === 'empty') {
    expect(answer).toBeUndefined();
    return {} as Record<string, unknown>;
  }
  // Strictly: what the schema would drop silently is a field too many.
  expect(v.parse(operation.response as v.GenericSchema, answer)).toEqual(answer);
  return answer as Record<string, unknown>;
}

test('every operation answers in the shape that the contract declares', async () => {
  const path = await auth.prepareBootstrap(folder);
  const code = await readFile(path ?? '', 'utf8');
  const first = await call('bootstrap', undefined, { body: { email, name: 'Root', password, code: code.trim() } });
  expect(first).toMatchObject({ token_type: 'bearer', email, role: 'admin' });
  const session = String(
    (await call('signIn', undefined, { body: { email: 'ROOT@example.com', password } })).access_token,
  );
  await call('passwordLogin', undefined, { body: { email, password } });
  expect(await call('me', session)).toMatchObject({
    email,
    name: 'Root',
    is_admin: true,
    credential: { kind: 'session' },
  });

  const token = await call('createToken', session, { body: { name: 'laptop' } });
  const id = String(token.id);
  await call('getToken', session, { params: { id } });
  expect(await call('listTokens', String(token.token))).toMatchObject([{ id, name: 'laptop' }]);
  await auth.settled();
  expect(await call('listAllTokens', session)).toMatchObject([{ user_email: email, last_used_ip: '192.0.2.1' }]);
  await call('revokeToken', session, { params: { id } });
  const another = await call('createToken', session, { body: { name: 'phone', expires_in_days: null } });
  expect(another.expires_at).toBeNull();
  await call('revokeAnyToken', session, { params: { id: another.id } });

  const sessions = (await call('listSessions', session)) as unknown as Record<string, unknown>[];
  expect(sessions).toHaveLength(3);
  const others = sessions.filter(({ current }) => current === false);
  expect(others.map(({ method }) => method).sort()).toEqual(['bootstrap', 'password']);
  await call('endSession', session, { params: { id: others[0]?.id } });
  expect(await call('endOtherSessions', session)).toEqual({ ended: 1 });
  const me = { params: { id: email } };
  expect(await call('listUserSessions', session, me)).toMatchObject([{ method: 'password', created_ip: '192.0.2.1' }]);

  const device = await call('startDeviceLogin', undefined, { body: {} });
  expect(device).toMatchObject({
    verification_uri: 'https://agnes.example.com/login/device',
    verification_uri_complete: `https://agnes.example.com/login/device?user_code=${device.user_code}`,
  });
  const typed = { body: { user_code: device.user_code } };
  expect(await call('getDeviceLogin', session, typed)).toMatchObject({ client_name: 'agnes' });
  await call('approveDeviceLogin', session, typed);
  const asked = { body: { device_code: device.device_code } };
  const third = String((await call('deviceToken', undefined, asked)).access_token);
  const unwanted = await call('startDeviceLogin', undefined, { body: { client_name: 'somebody else' } });
  await call('denyDeviceLogin', session, { body: { user_code: unwanted.user_code } });
  const { id: thirdId } = ((await call('listSessions', third)) as unknown as Record<string, unknown>[])[0] ?? {};
  await call('endUserSession', session, { params: { id: email, session_id: thirdId } });
  await expect(call('me', third)).rejects.toMatchObject({ code: 'invalid_credentials' });

  const ana = { params: { id: 'ana@example.com' } };
  expect(await call('createUser', session, { body: { email: 'Ana@example.com' } })).toMatchObject({
    email: 'ana@example.com',
    role: 'user',
    has_password: false,
    groups: [{ name: 'Everyone', is_system: true, origin: 'system' }],
  });
  await call('setPassword', session, { ...ana, body: { password } });
  expect(await call('getUser', session, ana)).toMatchObject({ has_password: true });
  await call('updateUser', session, { ...ana, body: { name: 'Ana' } });
  expect(await call('deactivateUser', session, ana)).toMatchObject({ active: false, name: 'Ana', groups: [] });
  expect(await call('activateUser', session, ana)).toMatchObject({ active: true, deactivated_at: null });
  expect(await call('listUsers', session)).toHaveLength(2);
  expect(await call('endUserSessions', session, ana)).toEqual({ ended: 0 });
  await call('deleteUser', session, ana);
  await call('signOut', session);
  await expect(call('me', session)).rejects.toMatchObject({ code: 'invalid_credentials' });

  expect([...covered].sort()).toEqual(Object.keys(all).sort());
});
