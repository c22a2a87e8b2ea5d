import { join, resolve } from 'node:path';
import { AgnesError } from '@agnes/errors';
import * as v from 'valibot';
import { checkLocalDev } from './check-local-dev.ts';
import { type FileValue, readInstanceFile } from './instance-file.ts';
import type { Setting } from './setting.ts';
import { SETTINGS } from './settings.ts';
import type { SIGN_IN_SETTINGS } from './settings-sign-in.ts';
import { type SignInSettings, signInOf } from './sign-in.ts';

type Read = { readonly [Key in keyof typeof SETTINGS]: v.InferOutput<(typeof SETTINGS)[Key]['schema']> };

/** The configuration of a server: paths are absolute, URLs have no slash at the end, times are seconds. */
export type Config = Omit<
  Read,
  | 'stateDir'
  | 'serverUrl'
  | 'apiUrl'
  | 'filesRoots'
  | 'domain'
  | Exclude<keyof typeof SIGN_IN_SETTINGS, 'googleSyncSeconds'>
> & {
  readonly stateDir: string;
  readonly serverUrl: string;
  readonly apiUrl: string;
  readonly filesRoots: readonly string[];
  readonly signIn: SignInSettings;
};

/**
 * Reads the configuration. For each setting the first of these that has it wins: the environment,
 * `STATE_DIR/instance.yaml`, `CONFIG_DIR/instance.yaml`, the default; an empty variable counts as not set, and a list is
 * taken whole. Throws `invalid_config`, which names the place and the way out, never the value, for anything that cannot
 * be used.
 */
export async function loadConfig(env: NodeJS.ProcessEnv): Promise<Config> {
  const dataDir = resolve(readSetting(SETTINGS.dataDir, env, NO_FILES));
  const stateDir = resolve(readSetting(SETTINGS.stateDir, env, NO_FILES) ?? join(dataDir, 'state'));
  const configDir = resolve(readSetting(SETTINGS.configDir, env, NO_FILES));

  const base = await readInstanceFile(join(configDir, 'instance.yaml'), env);
  const overlay = await readInstanceFile(join(stateDir, 'instance.yaml'), env);
  const files = new Map([...base, ...overlay]);
  const read = Object.fromEntries(
    Object.entries(SETTINGS).map(([key, entry]) => [key, readSetting(entry as Setting, env, files)]),
  ) as Read;

  const { domain, ...settings } = read;
  const config: Config = {
    ...settings,
    dataDir,
    stateDir,
    configDir,
    serverUrl: read.serverUrl ?? (domain === undefined ? `http://localhost:${read.port}` : `https://${domain}`),
    apiUrl: read.apiUrl ?? `http://127.0.0.1:${read.port}`,
    signIn: signInOf(read),
    filesRoots: (read.filesRoots ?? [join(dataDir, 'files')]).map((root) => resolve(root)),
  };
  checkTogether(config);
  checkLocalDev(config, domain);
  return config;
}

const NO_FILES: ReadonlyMap<string, FileValue> = new Map();
const isSet = (value: string | undefined): value is string => value !== undefined && value !== '';

function readSetting<S extends v.GenericSchema>(
  entry: Setting<S>,
  env: NodeJS.ProcessEnv,
  files: ReadonlyMap<string, FileValue>,
): v.InferOutput<S> {
  const { value, origin } = locate(entry, env, files);
  const result = v.safeParse(entry.schema, value, { abortEarly: true });
  if (result.success) return result.output;
  throw new AgnesError('invalid_config', `${origin} cannot be used: it ${result.issues[0].message}.`, {
    hint: `Correct ${origin}, or remove it${entry.fallback === '' ? '' : ` to use the default (${entry.fallback})`}.`,
  });
}

function locate(entry: Setting, env: NodeJS.ProcessEnv, files: ReadonlyMap<string, FileValue>): FileValue {
  const name = entry.env.find((candidate) => isSet(env[candidate]));
  if (name !== undefined) return { value: env[name], origin: name };
  const inFile = entry.file === undefined ? undefined : files.get(entry.file);
  return inFile ?? { value: undefined, origin: entry.env[0] };
}

function checkTogether(config: Config): void {
  const smallest = Math.min(config.dataRefreshSeconds, config.healthCheckSeconds);
  if (config.tickSeconds > smallest) {
    throw new AgnesError(
      'invalid_config',
      `SCHEDULER_TICK_SECONDS (${config.tickSeconds}) is larger than the smallest scheduler interval (${smallest}).`,
      { hint: `Set SCHEDULER_TICK_SECONDS to at most ${smallest}.` },
    );
  }
  if (config.seedAdminPassword !== undefined && config.seedAdminEmail === undefined) {
    throw new AgnesError('invalid_config', 'SEED_ADMIN_PASSWORD is set, but SEED_ADMIN_EMAIL is not.', {
      hint: 'Set SEED_ADMIN_EMAIL too, or unset SEED_ADMIN_PASSWORD.',
    });
  }
}
