export { type Catalog, type CatalogOptions, createCatalog } from './catalog.ts';
export type { Manifest } from './manifest.ts';
export { checkTableName, suggestedName } from './names.ts';
export type {
  KnownFile,
  Part,
  Publication,
  PublishedTable,
  PublishResult,
  RefusedTable,
} from './publication.ts';
export type { ReadableNow, TableNow } from './readable-now.ts';
export type { Connectors } from './registration.ts';
export type {
  InstalledConnector,
  QueryMode,
  ReadableTable,
  RegisteredTable,
  Registration,
  SyncStrategy,
  TableDefinition,
  TablePatch,
} from './table.ts';
export type { TableVersion, VersionPart } from './versions.ts';
