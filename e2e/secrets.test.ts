import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type RunningServer,
  runCli,
  type SmtpServer,
  serverEntry,
  startProcess,
  startServer,
  startSmtpServer,
} from '@agnes/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** Long enough to be found, and unlike anything that the server makes. */
const SECRETS: Record<string, string> = {
  'a password': 'kettle-marble-sunrise-71',
  'a wrong password': 'kettle-marble-sunset-72',
  'a new password': 'walnut-ribbon-thunder-73',
  'the SMTP password': 'harbour-lantern-velvet-74',
  "the scheduler's token": 'clock-pigeon-meadow-orchard-feather-75',
};

let smtp: SmtpServer;
let server: RunningServer;
/** Every error that the server answered with. */
const errors: string[] = [];

async function call(method: string, path: string, { token, body, cookie }: Call = {}): Promise<Answer> {
  const response = await fetch(new URL(path, server.url), {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(cookie === undefined ? {} : { cookie }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.status >= 400) errors.push(text);
  return {
    status: response.status,
    text,
    json:
      /\/(problem\+)?json/.test(response.headers.get('content-type') ?? '') && text.startsWith('{')
        ? JSON.parse(text)
        : undefined,
  };
}
interface Call {
  readonly token?: string;
  readonly body?: unknown;
  readonly cookie?: string;
}
interface Answer {
  readonly status: number;
  readonly text: string;
  readonly json: Record<string, string> | undefined;
}

function keep(what: string, secret: string | null | undefined): string {
  if (typeof secret !== 'string' || secret.length < 8) throw new Error(`There is no secret for: ${what}`);
  SECRETS[what] = secret;
  return secret;
}
const linkIn = (text: string): string => /token=([0-9A-Za-z_-]{20,})/.exec(text)?.[1] ?? '';

beforeAll(async () => {
  smtp = await startSmtpServer({ account: { user: 'agnes', password: SECRETS['the SMTP password'] ?? '' } });
  server = await startServer({
    env: {
      AGNES_ROLE: 'api',
      LOG_LEVEL: 'trace',
      SCHEDULER_API_TOKEN: SECRETS["the scheduler's token"] ?? '',
      SMTP_HOST: '127.0.0.1',
      SMTP_PORT: String(smtp.port),
      SMTP_USER: 'agnes',
      SMTP_PASSWORD: SECRETS['the SMTP password'] ?? '',
      SMTP_FROM: 'agnes@example.com',
      SMTP_USE_TLS: 'false',
    },
  });
  keep("the first administrator's password", server.admin.password);
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await smtp?.[Symbol.asyncDispose]();
});

it('after every kind of credential was used, rightly and wrongly, none is in the audit log, a log line or an error', async () => {
  const password = SECRETS['a password'] ?? '';
  const signIn = async (email: string, secret: string): Promise<string | undefined> =>
    (await call('POST', '/auth/token', { body: { email, password: secret } })).json?.access_token;
  const admin = keep('a session of the administrator', await signIn(server.admin.email, server.admin.password));
  await call('POST', '/api/users', { token: admin, body: { email: 'ann@example.com', password } });
  const session = keep('a session', await signIn('ann@example.com', password));
  for (const wrong of [SECRETS['a wrong password'] ?? '', `${password}x`]) {
    expect(await signIn('ann@example.com', wrong)).toBeUndefined();
  }
  // A password typed where the address belongs.
  await signIn(SECRETS['a wrong password'] ?? '', 'x');

  const made = await call('POST', '/auth/tokens', { token: session, body: { name: 'nightly' } });
  const token = keep('an access token', made.json?.token);
  for (const given of [token, `${token}x`, token.slice(0, -1), `${token.slice(0, -6)}AAAAAA`]) {
    await call('GET', '/api/me', { token: given });
    await call('GET', `/api/v2/schema/${given}`, { token: session });
    await call('GET', `/api/admin/audit?user=${given}`, { token: given });
    await call('GET', '/api/users', { token: given });
    await call('GET', '/api/me', { cookie: `agnes_session=${given}` });
    await call('GET', '/api/me', { cookie: `__Host-agnes_session=${given}` });
  }
  await call('POST', '/api/admin/groups', { token: session, body: { name: token } });
  for (const bad of [SECRETS["the scheduler's token"] ?? '', `${SECRETS["the scheduler's token"]}x`]) {
    await call('POST', '/api/sync/trigger', { token: bad });
    await call('GET', '/api/users', { token: bad });
  }
  const code = 'guess-the-bootstrap-code-of-this-76';
  keep('a wrong bootstrap code', code);
  await call('POST', '/auth/bootstrap', { body: { email: 'eve@example.com', password, code } });

  // Links: by mail, by an administrator, on the host; each used wrongly and then rightly.
  await call('POST', '/auth/email/send-link', { body: { email: 'ann@example.com' } });
  const magic = keep('a magic link', linkIn((await smtp.waitFor(1)).at(-1)?.mail.text ?? ''));
  await call('POST', '/auth/email/verify', { body: { token: `${magic}x` } });
  const entered = await call('POST', '/auth/email/verify', { body: { token: magic } });
  keep('a session by magic link', entered.json?.access_token);
  await call('POST', '/auth/email/verify', { body: { token: magic } });
  const reset = await call('POST', '/api/users/ann@example.com/reset-password', { token: admin });
  const resetToken = keep('a reset link', linkIn(reset.json?.reset_url ?? ''));
  const newPassword = SECRETS['a new password'] ?? '';
  await call('POST', '/auth/password/setup', { body: { token: resetToken, password: 'short' } });
  const again = await call('POST', '/auth/password/setup', { body: { token: resetToken, password: newPassword } });
  expect(again.status, again.text).toBe(200);
  keep('a session by reset link', again.json?.access_token);

  const host = await startProcess(
    process.execPath,
    ['--conditions=@agnes/source', serverEntry, 'break-glass', 'grant-admin', 'new@example.com', '--yes'],
    { env: { PATH: process.env.PATH ?? '', DATA_DIR: server.dataDir, CONFIG_DIR: server.dataDir } },
  );
  await host.exited;
  const setUp = keep('a set-up link', linkIn(host.stderr()));
  await call('POST', '/auth/password/setup', { body: { token: `${setUp}x`, password } });
  expect((await call('POST', '/auth/password/setup', { body: { token: setUp, password } })).status).toBe(200);
  keep('the key of the local socket', (await readFile(join(server.dataDir, 'state', 'control-key'), 'utf8')).trim());

  // A device, and the CLI, whose errors are read too.
  const device = await call('POST', '/auth/device/start', { body: {} });
  keep('a device code', device.json?.device_code);
  keep('a user code', device.json?.user_code);
  await call('POST', '/auth/device/token', { body: { device_code: device.json?.device_code } });
  await call('POST', '/auth/device/token', { body: { device_code: `${device.json?.device_code}x` } });
  for (const given of [token.slice(0, -1), `${token}x`]) {
    const env = { AGNES_SERVER: server.url, AGNES_TOKEN: given };
    const { stdout, stderr } = await runCli(['auth', 'whoami', '--json'], { env });
    errors.push(stdout, stderr);
  }

  const administrator = keep('the last session', await signIn(server.admin.email, server.admin.password));
  // What is collected is written within a second, and at the stop.
  await server.restart();
  const audit = await call('GET', '/api/admin/audit/export', { token: administrator });
  const rows = audit.text.trimEnd().split('\n');
  const log = server.log();
  const actions = new Set(rows.map((row) => (JSON.parse(row) as { action: string }).action));
  for (const action of ['auth.sign_in', 'auth.refused', 'token.create', 'break_glass.grant_admin', 'auth.link']) {
    expect(actions).toContain(action);
  }
  const places = { audit: audit.text, log, errors: errors.join('\n') };
  const hits = Object.entries(SECRETS).flatMap(([what, secret]) =>
    Object.entries(places).flatMap(([place, text]) => (text.includes(secret) ? [`${what} in ${place}`] : [])),
  );
  const figures = {
    secrets: Object.keys(SECRETS).length,
    audit_rows: rows.length,
    log_lines: log.split('\n').length,
    errors: errors.length,
    hits: hits.length,
  };
  process.stdout.write(`secrets looked for: ${JSON.stringify(figures)}\n`);
  expect(hits).toEqual([]);
  expect(figures.audit_rows).toBeGreaterThan(20);
  expect(figures.log_lines).toBeGreaterThan(50);
  expect(figures.errors).toBeGreaterThan(30);
}, 120_000);
