export { attachReadOnly } from './attach.ts';
export type { Column, Connection, RowStream } from './connection.ts';
export { copyToCsv } from './csv.ts';
export { type Database, type OpenOptions, openDatabase } from './database.ts';
export { holderOf, isHeldElsewhere } from './held-elsewhere.ts';
export { copyToNdjson } from './ndjson.ts';
export { duckdbVersion } from './node-api.ts';
export type { SqlValue } from './parameters.ts';
export {
  copyToParquet,
  type ParquetFileInfo,
  type ParquetOptions,
  type ParquetWritten,
  parquetFileInfo,
} from './parquet.ts';
export { copyToParquetParts, type ParquetPart, type ParquetPartsOptions } from './parquet-parts.ts';
export { quoteIdentifier, quoteLiteral, quoteLiteralList } from './quote.ts';
export { closeSandbox, enterSandbox, limitResources, type SandboxOptions } from './sandbox.ts';
export { type Json, toJson } from './to-json.ts';
export type { Row, Value } from './values.ts';
