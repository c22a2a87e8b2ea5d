import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { inspect } from 'node:util';
import { isAgnesError } from '@agnes/errors';
import * as v from 'valibot';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig, settingValues, VARIABLES } from './index.ts';
import { SETTINGS } from './settings.ts';

let folder: string;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-config-'));
  env = { DATA_DIR: join(folder, 'data'), CONFIG_DIR: join(folder, 'config') };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function instanceYaml(text: string, where: 'config' | 'data/state' = 'config'): Promise<void> {
  await mkdir(join(folder, where), { recursive: true });
  await writeFile(join(folder, where, 'instance.yaml'), text);
}

async function refusal(): Promise<{ message: string; hint: string | undefined }> {
  const error = await loadConfig(env).catch((thrown: unknown) => thrown);
  if (!isAgnesError(error, 'invalid_config')) throw new Error(`expected invalid_config, got ${String(error)}`);
  return error;
}

describe('defaults', () => {
  test('need neither files nor variables beyond the data folder, and listen on this machine only', async () => {
    expect(await loadConfig(env)).toMatchObject({
      dataDir: join(folder, 'data'),
      stateDir: join(folder, 'data', 'state'),
      filesRoots: [join(folder, 'data', 'files')],
      host: '127.0.0.1',
      port: 8000,
      serverUrl: 'http://localhost:8000',
      apiUrl: 'http://127.0.0.1:8000',
      logLevel: 'info',
      role: 'all',
      extractorTimeoutSeconds: 3600,
      connectorMemoryMb: 8192,
      publishTimeoutSeconds: 1800,
      publishTableTimeoutSeconds: 300,
      publishMemoryMb: 1024,
      seedAdminEmail: undefined,
    });
  });

  test('an empty variable counts as not set', async () => {
    env.PORT = '';
    env.SCHEDULER_API_TOKEN = '';
    expect(await loadConfig(env)).toMatchObject({ port: 8000, schedulerApiToken: undefined });
  });
});

describe('precedence', () => {
  test('environment, then overlay, then instance.yaml, leaf by leaf; lists replace', async () => {
    await instanceYaml('server: {host: 10.0.0.1, port: 1, log_level: error}\nfiles: {roots: [/a, /b]}\n');
    await instanceYaml('server: {port: 2, log_level: debug}\nfiles: {roots: [/c]}\n', 'data/state');
    env.LOG_LEVEL = 'WARNING';
    expect(await loadConfig(env)).toMatchObject({ host: '10.0.0.1', port: 2, logLevel: 'warn', filesRoots: ['/c'] });
  });

  test('the documented name wins over its alias', async () => {
    env.SERVER_HOST = '0.0.0.0';
    expect((await loadConfig(env)).host).toBe('0.0.0.0');
    env.HOST = '127.0.0.2';
    expect((await loadConfig(env)).host).toBe('127.0.0.2');
  });

  test.each([
    [{ DOMAIN: 'Data.Example.com' }, 'https://data.example.com'],
    [{ DOMAIN: 'data.example.com', SERVER_URL: 'https://agnes.example.com/' }, 'https://agnes.example.com'],
    [{ PORT: '8123' }, 'http://localhost:8123'],
  ])('the public URL of %j is %s', async (variables, url) => {
    Object.assign(env, variables);
    expect((await loadConfig(env)).serverUrl).toBe(url);
  });
});

describe('secrets', () => {
  const SECRETS = {
    SCHEDULER_API_TOKEN: 'the-secret-of-the-scheduler-here',
    SEED_ADMIN_PASSWORD: 'the-secret-of-the-administrator',
    AGNES_STATE_URL: 'postgres://agnes:the-secret-of-postgres@db.example.com/agnes',
    SMTP_PASSWORD: 'the-secret-of-the-mail-server',
    OIDC_CLIENT_SECRET: 'the-secret-of-a-provider',
    GOOGLE_CLIENT_SECRET: 'the-secret-of-google',
    AGNES_OIDC_PROVIDERS: JSON.stringify({
      corp: {
        issuer: 'https://corp.example.com',
        client_id: 'agnes',
        client_secret: 'the-secret-of-corp',
        allowed_domains: ['corp.example.com'],
      },
    }),
  };
  const NEEDED = {
    SEED_ADMIN_EMAIL: 'root@example.com',
    SMTP_HOST: 'mail.example.com',
    SMTP_FROM: 'agnes@example.com',
    SMTP_USER: 'agnes',
    OIDC_ISSUER: 'https://login.example.com',
    OIDC_CLIENT_ID: 'agnes',
    OIDC_ALLOWED_DOMAINS: 'example.com',
    GOOGLE_CLIENT_ID: 'agnes',
  };

  test('are shown by nothing that logs or prints a configuration, or a part of it', async () => {
    Object.assign(env, SECRETS, NEEDED);
    const names = VARIABLES.filter(({ secret }) => secret).map(({ name }) => name);
    expect(Object.keys(SECRETS).sort()).toEqual([...names].sort());
    const config = await loadConfig(env);
    const { mail, oidc } = config.signIn;
    const shown = [config, { ...config }, mail, ...oidc, String(mail?.password), String(config.stateUrl)].flatMap(
      (part) => [JSON.stringify(part), inspect(part, { depth: null, showHidden: true })],
    );
    expect(shown.filter((text) => text.includes('the-secret'))).toEqual([]);
    expect(mail?.password?.reveal()).toBe(SECRETS.SMTP_PASSWORD);
    expect(oidc.map(({ clientSecret }) => clientSecret?.reveal())).toEqual([
      'the-secret-of-corp',
      'the-secret-of-a-provider',
      'the-secret-of-google',
    ]);
  });

  test('are in what tells whether a setting changed', async () => {
    Object.assign(env, SECRETS, NEEDED);
    const before = settingValues(await loadConfig(env));
    Object.assign(env, JSON.parse(JSON.stringify(SECRETS).replaceAll('the-secret', 'another-secret')));
    const after = settingValues(await loadConfig(env));
    const changed = after.filter(({ json }, index) => json !== before[index]?.json).map(({ name }) => name);
    expect(changed.sort()).toEqual(Object.keys(SECRETS).sort());
  });
});

describe('references to the environment', () => {
  test('are replaced in text, numbers and lists', async () => {
    Object.assign(env, { MY_PORT: '9001', ROOT: '/srv', TOKEN: 'x'.repeat(32) });
    await instanceYaml(
      `server: {port: "\${MY_PORT}"}\nfiles: {roots: ["\${ROOT}/files"]}\nauth: {scheduler_api_token: "\${TOKEN}"}\n`,
    );
    const config = await loadConfig(env);
    expect(config).toMatchObject({ port: 9001, filesRoots: ['/srv/files'] });
    expect(config.schedulerApiToken?.reveal()).toBe('x'.repeat(32));
  });

  test('to something that is not set refuse the file and name the variable', async () => {
    await instanceYaml(`server: {port: "\${NOT_THERE}"}`);
    const { message, hint } = await refusal();
    expect(message).toContain('server.port');
    expect(message).toContain('instance.yaml');
    expect(hint).toContain('NOT_THERE');
  });
});

describe('refuses to start', () => {
  test.each([
    ['a file that is not YAML', 'server: {host: [', 'line 1'],
    ['what is left open at the end of the file', 'log:\n  level: info\nserver: {host: a\n', 'line 3'],
    ['what is left open before empty lines', 'server: {host: a\r\n\r\n\r\n', 'line 1'],
    ['a tab for an indent', 'server:\n\tport: 1\n', 'line 2'],
    ['a file that is a list', '- a\n', 'sections'],
    ['an unknown section', 'servr:\n  port: 1\n', 'servr'],
    ['a dotted key', 'server.port: 1\n', 'server.port is not a key'],
    ['an alias of nothing', 'server: *nothing\n', 'instance.yaml'],
    ['an unknown key', 'server:\n  prt: 1\n', 'server.prt'],
    ['a duplicate key', 'server: {port: 1}\nserver: {port: 2}\n', 'line 2'],
    ['a section that is a value', 'server: 1\n', 'server is not a section'],
    ['a key that is a section', 'server: {port: {a: 1}}\n', 'server.port'],
    ['a bad value', 'server: {port: many}\n', 'server.port'],
    ['a number out of range', 'server: {port: 70000}\n', '65535'],
    ['a bomb of aliases', `a: &a [x]\nb: &b [${'*a,'.repeat(200)}]\nc: [${'*b,'.repeat(200)}]\n`, 'instance.yaml'],
  ])('%s', async (_, text, expected) => {
    await instanceYaml(text);
    const { message, hint } = await refusal();
    expect(message).toContain(expected);
    expect(message).toContain(join(folder, 'config', 'instance.yaml'));
    expect(hint).toBeTruthy();
  });

  test.each([
    ['server:\n  prt: 1\n', 'server.prt', 'Did you mean server.port?'],
    ['servr:\n  port: 1\n', 'servr', 'Did you mean server?'],
    ['server:\n  colour: red\n', 'server.colour', 'use one of: server.'],
    ['server.port: 1\n', 'server.port', 'use one of:'],
    ['auth: {seed_admin_password:hunter2}\n', 'auth.seed_admin_password is not', 'use one of:'],
  ])('the mistyped key of %j by its name, with the one that was meant', async (text, named, advice) => {
    await instanceYaml(text);
    const { message, hint } = await refusal();
    expect(message).toContain(named);
    expect(hint).toContain(advice);
    expect(`${message} ${hint}`).not.toContain('hunter2');
  });

  test('a bad overlay, which is never skipped', async () => {
    await instanceYaml('server: {', 'data/state');
    expect((await refusal()).message).toContain(join('state', 'instance.yaml'));
  });

  test('a file it cannot read', async () => {
    await mkdir(join(folder, 'config', 'instance.yaml'), { recursive: true });
    expect((await refusal()).message).toContain('EISDIR');
  });

  test.each([
    ['PORT', 'eighty'],
    ['PORT', '-1'],
    ['LOG_LEVEL', 'loud'],
    ['AGNES_ROLE', 'boss'],
    ['SERVER_URL', 'example.com'],
    ['SERVER_URL', 'https://me:secret@example.com'],
    ['DOMAIN', 'https://example.com'],
    ['SEED_ADMIN_EMAIL', 'nobody'],
    ['SCHEDULER_API_TOKEN', 'short'],
    ['SCHEDULER_DATA_REFRESH_INTERVAL', '0'],
    ['SCHEDULER_TICK_SECONDS', '301'],
    ['AGNES_EXTRACTOR_TIMEOUT_SEC', '1.5'],
    ['AGNES_STATE_URL', 'mysql://me:secret@db.example.com/agnes'],
    ['AGNES_STATE_URL', 'postgres://me:secret@db.example.com'],
    ['AGNES_FILES_ROOTS', delimiter],
    ['SEED_ADMIN_PASSWORD', 'without an e-mail address'],
  ])('%s=%s, by its name and never by its value', async (name, value) => {
    env[name] = value;
    const { message, hint } = await refusal();
    expect(message).toContain(name);
    expect(hint).toBeTruthy();
    if (value.length > 4) expect(`${message} ${hint}`).not.toContain(value);
  });
});

describe('proxies and origins', () => {
  test('are lists, from the environment and from instance.yaml', async () => {
    await instanceYaml('server: {cors_origins: ["https://app.example.com"], trusted_proxies: ["2001:db8::/32"]}\n');
    expect(await loadConfig(env)).toMatchObject({
      corsOrigins: ['https://app.example.com'],
      trustedProxies: ['2001:db8::/32'],
    });
    env.AGNES_TRUSTED_PROXIES = '10.0.0.1, 10.0.0.0/8,';
    expect(await loadConfig(env)).toMatchObject({ trustedProxies: ['10.0.0.1', '10.0.0.0/8'] });
  });

  test.each([
    ['AGNES_TRUSTED_PROXIES', '10.0.0.0/33'],
    ['AGNES_TRUSTED_PROXIES', '10.0.0.0/8/8'],
    ['AGNES_TRUSTED_PROXIES', 'proxy.example.com'],
    ['AGNES_TRUSTED_PROXIES', '*'],
    ['AGNES_TRUSTED_PROXIES', '10.0.0.1,2001:db8::/129'],
    ['CORS_ORIGINS', '*'],
    ['CORS_ORIGINS', 'https://app.example.com/'],
    ['CORS_ORIGINS', 'app.example.com'],
    ['AGNES_SESSION_HOURS', '0'],
    ['AGNES_AUTH_RATELIMIT_ENABLED', 'maybe'],
    ['LOCAL_DEV_MODE', 'x'],
  ])('%s=%s is refused', async (name, value) => {
    env[name] = value;
    expect((await refusal()).message).toContain(name);
  });
});

describe('local development mode', () => {
  test.each([{}, { HOST: 'localhost' }, { HOST: '::1' }, { SERVER_URL: 'http://127.0.0.1:9000' }])(
    'is possible on this machine: %j',
    async (variables) => {
      Object.assign(env, variables, { LOCAL_DEV_MODE: '1' });
      expect(await loadConfig(env)).toMatchObject({ localDevMode: true, localDevUserEmail: 'dev@localhost' });
    },
  );

  test.each([
    { HOST: '0.0.0.0' },
    { HOST: '::' },
    { HOST: '192.0.2.1' },
    { HOST: '127.0.0.1.example.com' },
    { DOMAIN: 'agnes.example.com' },
    { DOMAIN: 'localhost', SERVER_URL: 'http://localhost' },
    { SERVER_URL: 'https://localhost' },
    { SERVER_URL: 'http://agnes.example.com' },
    { AGNES_TRUSTED_PROXIES: '127.0.0.1' },
  ])('is refused wherever anybody else could come: %j', async (variables) => {
    Object.assign(env, variables, { LOCAL_DEV_MODE: 'true' });
    const { message, hint } = await refusal();
    expect(message).toContain('LOCAL_DEV_MODE');
    expect(hint).toContain('Unset LOCAL_DEV_MODE');
    env.LOCAL_DEV_MODE = '0';
    await loadConfig(env);
  });
});

describe('the table of settings', () => {
  test('documents each variable once', () => {
    const names = VARIABLES.flatMap(({ name, aliases }) => [name, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, meaning } of VARIABLES) expect(meaning, name).toMatch(/^[A-Z].*\.$/);
  });

  test('documents the defaults that it uses', () => {
    for (const [key, { schema, fallback }] of Object.entries(SETTINGS)) {
      const used = v.getDefault(schema);
      if (used !== undefined) expect(fallback, key).toBe(String(used));
    }
  });

  test('has no setting that nothing reads', async () => {
    const root = join(import.meta.dirname, '..', '..', '..');
    const sources = await Promise.all(
      ['apps/server/src', 'apps/scheduler/src'].map(async (path) => {
        const files = await readdir(join(root, path), { recursive: true });
        return Promise.all(
          files.filter((file) => file.endsWith('.ts')).map((file) => readFile(join(root, path, file), 'utf8')),
        );
      }),
    );
    // What configures the ways in is read together, into one part of the configuration.
    const signIn = await readFile(join(import.meta.dirname, 'sign-in.ts'), 'utf8');
    const text = [...sources.flat(), signIn].join('\n');
    // `domain` is read here, for the default of `serverUrl`; `configDir` to find instance.yaml.
    const elsewhere = Object.keys(SETTINGS).filter((key) => key !== 'domain' && key !== 'configDir');
    const isRead = (key: string) =>
      new RegExp(`\\b(?:config|read)\\.${key}\\b|\\{[^{}]*\\b${key}\\b[^{}]*\\} = (?:config|read)\\b`).test(text);
    expect(elsewhere.filter((key) => !isRead(key))).toEqual([]);
  });
});
