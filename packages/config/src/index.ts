export { type Config, loadConfig } from './load.ts';
export { isLoopback } from './loopback.ts';
export type { OidcProviderSettings } from './oidc-settings.ts';
export { Secret } from './secret.ts';
export { type SettingValue, settingValues } from './setting-values.ts';
export { VARIABLES, type Variable } from './settings.ts';
export type { GoogleGroupsSettings, MailSettings, SignInSettings } from './sign-in.ts';
