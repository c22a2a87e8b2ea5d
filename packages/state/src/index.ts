export type { StateDatabase, StatementResult } from './database.ts';
export { type RestoreResult, restoreSnapshot } from './duckdb/recovery.ts';
export { listSnapshots, type Snapshot } from './duckdb/snapshots.ts';
export { newId } from './ids.ts';
export type { ColumnEntry, PublishWarning } from './schema.ts';
export * as schema from './schema.ts';
export { openState, type State, type StateOptions } from './state.ts';
export { isUniqueViolation } from './unique-violation.ts';
export { bumpVersion, readVersion, type VersionKey } from './versions.ts';
