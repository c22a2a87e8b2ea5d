import type { Config } from './load.ts';
import { Secret } from './secret.ts';
import type { Setting } from './setting.ts';
import { SETTINGS } from './settings.ts';

/** A setting as it is in force. */
export interface SettingValue {
  /** The environment variable that names it. */
  readonly name: string;
  /** As JSON, what is secret in it included; undefined when it is not set and has no default. */
  readonly json: string | undefined;
  readonly secret: boolean;
}

/** Every setting with the value that is in force. */
export function settingValues(config: Config): SettingValue[] {
  const values: Readonly<Record<string, unknown>> = { ...config };
  return (Object.entries(SETTINGS) as [string, Setting][]).map(([key, { env, secret }]) => ({
    name: env[0],
    json: revealed(values[key]),
    secret: secret === true,
  }));
}

function revealed(value: unknown): string | undefined {
  return JSON.stringify(value, function (this: Readonly<Record<string, unknown>>, key, given: unknown) {
    const own = this[key];
    return own instanceof Secret ? own.reveal() : given;
  });
}
