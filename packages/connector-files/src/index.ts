export { type FilesConfig, filesConfig, type TableOptions, tableOptions } from './config.ts';
export { filesConnector } from './connector.ts';
export { checkPlace, type Place } from './place.ts';
