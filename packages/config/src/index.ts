export { type Config, loadConfig } from './load.ts';
export { VARIABLES, type Variable } from './settings.ts';
