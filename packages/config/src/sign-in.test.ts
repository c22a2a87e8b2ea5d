import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAgnesError } from '@agnes/errors';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from './index.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-config-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function signIn(env: NodeJS.ProcessEnv, yaml?: string) {
  if (yaml !== undefined) {
    await mkdir(join(folder, 'config'), { recursive: true });
    await writeFile(join(folder, 'config', 'instance.yaml'), yaml);
  }
  const places = { DATA_DIR: join(folder, 'data'), CONFIG_DIR: join(folder, 'config') };
  return (await loadConfig({ ...places, ...env })).signIn;
}

async function refusal(env: NodeJS.ProcessEnv, yaml?: string): Promise<string> {
  const error = await signIn(env, yaml).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isAgnesError(error, 'invalid_config')) throw new Error(`expected invalid_config, got ${String(error)}`);
  return `${error.message} ${error.hint}`;
}

const GOOGLE = { GOOGLE_CLIENT_ID: 'id', GOOGLE_CLIENT_SECRET: 'hunter2' };
const OIDC = { OIDC_ISSUER: 'https://sso.example.com/', OIDC_CLIENT_ID: 'agnes' };

test('nothing is on by itself', async () => {
  expect(await signIn({})).toEqual({ mail: undefined, oidc: [], googleGroups: undefined });
});

describe('mail', () => {
  test('goes over TLS on port 587 unless said otherwise', async () => {
    const env = { SMTP_HOST: 'mail.example.com', SMTP_FROM: 'agnes@example.com' };
    expect((await signIn(env)).mail).toEqual({
      host: 'mail.example.com',
      port: 587,
      user: undefined,
      password: undefined,
      from: 'agnes@example.com',
      tls: true,
    });
    expect((await signIn({ ...env, SMTP_USE_TLS: 'Off', SMTP_PORT: '25' })).mail).toMatchObject({
      port: 25,
      tls: false,
    });
  });

  test.each([
    [{ SMTP_HOST: 'mail.example.com' }, 'SMTP_FROM'],
    [{ SMTP_HOST: 'mail.example.com', SMTP_FROM: 'a@example.com', SMTP_USER: 'a' }, 'SMTP_PASSWORD'],
    [{ SMTP_HOST: 'mail.example.com', SMTP_FROM: 'a@example.com', SMTP_USE_TLS: 'maybe' }, 'SMTP_USE_TLS'],
    [{ SMTP_HOST: 'mail.example.com', SMTP_FROM: 'a@example.com\r\nBcc: b@example.com' }, 'SMTP_FROM'],
  ])('with %j keeps the server from starting', async (env, named) => {
    expect(await refusal(env)).toContain(named);
  });
});

describe('OIDC providers', () => {
  test('are one in the environment and any number in instance.yaml, with secrets by reference', async () => {
    const yaml = `
auth:
  allowed_domain: Example.com, example.org
  oidc:
    corp:
      issuer: https://login.example.com/realms/corp
      client_id: agnes
      client_secret: \${CORP_SECRET}
      label: Example
      auto_create: true
      groups_claim: groups
      group_mapping: {data-admins: Admin}
    partner: {issuer: http://127.0.0.1:9000, client_id: agnes, allowed_domains: [partner.example], scopes: [openid, email]}
`;
    const { oidc } = await signIn(
      { ...OIDC, OIDC_GROUP_MAPPING: '{"a":"b"}', OIDC_GROUPS_CLAIM: 'roles', CORP_SECRET: 's3' },
      yaml,
    );
    expect(oidc).toMatchObject([
      {
        id: 'corp',
        allowedDomains: ['example.com', 'example.org'],
        autoCreate: true,
        groupMapping: { 'data-admins': 'Admin' },
      },
      {
        id: 'partner',
        allowedDomains: ['partner.example'],
        autoCreate: false,
        scopes: ['openid', 'email'],
        label: 'partner',
      },
      {
        id: 'oidc',
        issuer: 'https://sso.example.com/',
        clientSecret: undefined,
        groupMapping: { a: 'b' },
        groupsClaim: 'roles',
      },
    ]);
    expect(oidc[0]?.clientSecret?.reveal()).toBe('s3');
  });

  test('may be JSON in the environment', async () => {
    const corp = { issuer: 'https://login.example.com', client_id: 'agnes' };
    const { oidc } = await signIn({ AGNES_OIDC_PROVIDERS: JSON.stringify({ corp }) });
    expect(oidc).toMatchObject([{ id: 'corp', issuer: corp.issuer, clientId: 'agnes' }]);
  });

  const provider = (lines: string) => `auth: {oidc: {corp: {${lines}}}}`;
  test.each([
    [{ OIDC_ISSUER: 'https://sso.example.com' }, undefined, 'OIDC_CLIENT_ID'],
    [{ OIDC_CLIENT_ID: 'agnes' }, undefined, 'OIDC_ISSUER'],
    [{ ...OIDC, OIDC_ISSUER: 'http://sso.example.com' }, undefined, 'https'],
    [{ ...OIDC, OIDC_ISSUER: 'http://127.0.0.1.example.com' }, undefined, 'https'],
    [{ ...OIDC, OIDC_ISSUER: 'https://u:hunter2@sso.example.com' }, undefined, 'OIDC_ISSUER'],
    [{ ...OIDC, OIDC_AUTO_CREATE: 'true' }, undefined, 'AGNES_ALLOWED_DOMAINS'],
    [{ ...OIDC, OIDC_AUTO_CREATE: 'ja' }, undefined, 'OIDC_AUTO_CREATE'],
    [{ ...OIDC, OIDC_SCOPES: 'email' }, undefined, 'openid'],
    [{ ...OIDC, OIDC_ALLOWED_DOMAINS: '@example.com' }, undefined, 'OIDC_ALLOWED_DOMAINS'],
    [{ ...OIDC, OIDC_ALLOWED_DOMAINS: 'example' }, undefined, 'OIDC_ALLOWED_DOMAINS'],
    [{ ...OIDC, OIDC_GROUP_MAPPING: '{"a":"b"}' }, undefined, 'OIDC_GROUPS_CLAIM'],
    [{ ...OIDC, OIDC_GROUPS_CLAIM: 'g', OIDC_GROUP_MAPPING: '{"a":7}' }, undefined, 'OIDC_GROUP_MAPPING'],
    [{ ...OIDC, OIDC_GROUPS_CLAIM: 'g', OIDC_GROUP_MAPPING: 'a=b' }, undefined, 'OIDC_GROUP_MAPPING'],
    [{}, provider('issuer: https://a.example.com'), 'corp.client_id'],
    [{}, provider('client_id: a'), 'corp.issuer'],
    [{}, provider('issuer: ftp://a, client_id: a'), 'corp.issuer'],
    [{}, provider('issuer: https://a.example.com, client_id: a, allow_domains: [a.example]'), 'corp.allow_domains'],
    [
      {},
      provider('isuer: https://a.example.com, client_id: a'),
      "corp.isuer', which is not a key of an OIDC provider: did you mean 'issuer'?",
    ],
    [
      {},
      provider('colour: red, client_id: a'),
      "corp.colour', which is not a key of an OIDC provider (those are issuer, client_id,",
    ],
    [{}, provider('client_secret:hunter2, client_id: a'), "'corp.client_secret', which is not a key"],
    [{ AGNES_OIDC_PROVIDERS: '{"corp":{"isuer":"https://a.example.com"}}' }, undefined, "did you mean 'issuer'?"],
    [{}, provider('issuer: https://a.example.com, client_id: a, auto_create: perhaps'), 'corp.auto_create'],
    [{}, provider('issuer: https://a.example.com, client_id: a, allowed_domains: []'), 'corp.allowed_domains'],
    [{}, provider(`issuer: https://a.example.com, client_id: a, client_secret: "\${MISSING}"`), 'MISSING'],
    [{}, 'auth: {oidc: {google: {issuer: https://a.example.com, client_id: a}}}', 'GOOGLE_CLIENT_ID'],
    [{}, 'auth: {oidc: {"Bad Id": {issuer: https://a.example.com, client_id: a}}}', 'lower-case'],
    [{}, 'auth: {oidc: [a]}', 'auth.oidc'],
    [OIDC, 'auth: {oidc: {oidc: {issuer: https://a.example.com, client_id: a}}}', "'oidc'"],
    [{ ...OIDC, ...GOOGLE }, undefined, "'oidc' names no domains"],
    [{ AGNES_OIDC_PROVIDERS: '{"corp":' }, undefined, 'AGNES_OIDC_PROVIDERS'],
    [{ AGNES_OIDC_PROVIDERS: '{"corp":{"client_id":"a"}}' }, undefined, 'corp.issuer'],
  ])('%j %s keeps the server from starting', async (env, yaml, named) => {
    const said = await refusal(env, yaml);
    expect(said).toContain(named);
    expect(said).not.toContain('hunter2');
  });
});

describe('Google', () => {
  test('makes accounts only when domains are named', async () => {
    expect((await signIn(GOOGLE)).oidc).toMatchObject([
      { id: 'google', issuer: 'https://accounts.google.com', autoCreate: false, allowedDomains: [] },
    ]);
    const named = await signIn({ ...GOOGLE, AGNES_ALLOWED_DOMAINS: 'example.com' });
    expect(named.oidc).toMatchObject([{ autoCreate: true, allowedDomains: ['example.com'] }]);
  });

  test.each([
    [{ GOOGLE_CLIENT_ID: 'id' }, 'GOOGLE_CLIENT_SECRET'],
    [{ ...GOOGLE, GOOGLE_AUTO_CREATE: 'true' }, 'AGNES_ALLOWED_DOMAINS'],
    [{ ...GOOGLE, AGNES_GOOGLE_GROUP_PREFIX: 'agnes-' }, 'GOOGLE_ADMIN_SDK_SUBJECT'],
    [{ ...GOOGLE, AGNES_GROUP_ADMIN_EMAIL: 'admins@example.com' }, 'GOOGLE_ADMIN_SDK_SUBJECT'],
    [{ GOOGLE_ADMIN_SDK_SUBJECT: 'admin@example.com' }, 'GOOGLE_CLIENT_ID'],
    [
      {
        ...GOOGLE,
        GOOGLE_ADMIN_SDK_SUBJECT: 'a@example.com',
        GOOGLE_ADMIN_SDK_KEY_FILE: 'k',
        GOOGLE_ADMIN_SDK_SA_EMAIL: 's@example.com',
      },
      'GOOGLE_ADMIN_SDK_SA_EMAIL',
    ],
    [
      {
        ...GOOGLE,
        GOOGLE_ADMIN_SDK_SUBJECT: 'a@example.com',
        AGNES_GOOGLE_GROUP_PREFIX: 'x-',
        AGNES_GROUP_ADMIN_EMAIL: 'admins@example.com',
      },
      'AGNES_GOOGLE_GROUP_PREFIX',
    ],
    [{ ...GOOGLE, GOOGLE_METADATA_URL: 'http://10.0.0.1' }, 'GOOGLE_METADATA_URL'],
  ])('with %j keeps the server from starting', async (env, named) => {
    const said = await refusal(env);
    expect(said).toContain(named);
    expect(said).not.toContain('hunter2');
  });
});
