import { BlockList, isIP } from 'node:net';
import * as v from 'valibot';
import { flag, integer, type Setting, setting, text } from './setting.ts';

/** A list: separated by commas in the environment, a list in instance.yaml. */
const list = <S extends v.GenericSchema<string, string>>(entry: S) =>
  v.optional(
    v.pipe(
      v.union(
        [
          v.pipe(
            v.string(),
            v.transform((all) => all.split(',')),
          ),
          v.array(v.string()),
        ],
        'must be a list',
      ),
      v.transform((all) => all.map((one) => one.trim()).filter((one) => one !== '')),
      v.array(entry),
    ),
    [],
  );

const isAddressRange = (value: string): boolean => {
  const [address = '', bits, ...rest] = value.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  if (bits === undefined) return true;
  if (!/^\d{1,3}$/.test(bits)) return false;
  try {
    new BlockList().addSubnet(address, Number(bits), family === 6 ? 'ipv6' : 'ipv4');
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
};

const isOrigin = (value: string): boolean => {
  const url = URL.parse(value);
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === value;
};

const loginName = v.optional(
  v.pipe(
    text(),
    v.maxLength(254, 'must be an e-mail address'),
    v.regex(/^[^\s@]+@[^\s@]+$/, 'must be an e-mail address'),
  ),
  'dev@localhost',
);

/** Settings of who is calling: sessions, limits, proxies, browsers, local development. */
export const AUTH_SETTINGS = {
  sessionHours: setting({
    env: ['AGNES_SESSION_HOURS'],
    file: 'auth.session_hours',
    schema: integer(1, 8760, 24),
    fallback: '24',
    meaning: 'Hours after which a session ends, however much it is used.',
  }),
  sessionIdleMinutes: setting({
    env: ['AGNES_SESSION_IDLE_MINUTES'],
    file: 'auth.session_idle_minutes',
    schema: integer(0, 525_600, 720),
    fallback: '720',
    meaning: 'Minutes without use after which a session ends; 0 for no such limit.',
  }),
  rateLimited: setting({
    env: ['AGNES_AUTH_RATELIMIT_ENABLED'],
    file: 'auth.rate_limit_enabled',
    schema: v.optional(flag, true),
    fallback: 'true',
    meaning: 'Whether attempts to sign in are limited, by address and by account.',
  }),
  trustedProxies: setting({
    env: ['AGNES_TRUSTED_PROXIES'],
    file: 'server.trusted_proxies',
    schema: list(v.pipe(v.string(), v.check(isAddressRange, 'must list addresses such as 10.0.0.5 or 10.0.0.0/8'))),
    fallback: '',
    meaning:
      'Addresses or networks of the proxies in front, separated by commas. Only from them is X-Forwarded-For believed; without any the header is ignored.',
  }),
  corsOrigins: setting({
    env: ['CORS_ORIGINS'],
    file: 'server.cors_origins',
    schema: list(v.pipe(v.string(), v.check(isOrigin, 'must list origins such as https://app.example.com'))),
    fallback: '',
    meaning:
      'Origins, separated by commas, whose pages may call the API with a token of their own. Never with the cookie of a session. None by default.',
  }),
  hstsSeconds: setting({
    env: ['AGNES_HSTS_SECONDS'],
    file: 'server.hsts_seconds',
    schema: integer(0, 63_072_000, 31_536_000),
    fallback: '31536000',
    meaning:
      'Seconds for which browsers are told to use nothing but https with this host. Said only when SERVER_URL is https; 0 says nothing.',
  }),
  localDevMode: setting({
    env: ['LOCAL_DEV_MODE'],
    schema: v.optional(flag, false),
    fallback: 'false',
    meaning:
      'For developers of Agnes on their own machine: whoever calls from it is an administrator, without credentials. Refuses to start where anybody else could reach the server.',
  }),
  localDevUserEmail: setting({
    env: ['LOCAL_DEV_USER_EMAIL'],
    schema: loginName,
    fallback: 'dev@localhost',
    meaning: 'The account that local development mode signs in.',
  }),
} as const satisfies Record<string, Setting>;
