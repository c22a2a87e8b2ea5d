import type { Config } from './load.ts';
import type { Setting } from './setting.ts';
import { SETTINGS } from './settings.ts';

/** A setting as it is in force. */
export interface SettingValue {
  /** The environment variable that names it. */
  readonly name: string;
  /** Undefined when it is not set and has no default. */
  readonly value: unknown;
  readonly secret: boolean;
}

/** Every setting with the value that is in force. */
export function settingValues(config: Config): SettingValue[] {
  const values: Readonly<Record<string, unknown>> = { ...config };
  return (Object.entries(SETTINGS) as [string, Setting][]).map(([key, { env, secret }]) => ({
    name: env[0],
    value: values[key],
    secret: secret === true,
  }));
}
