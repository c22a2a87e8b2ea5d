export { type Config, loadConfig } from './load.ts';
export { type SettingValue, settingValues } from './setting-values.ts';
export { VARIABLES, type Variable } from './settings.ts';
