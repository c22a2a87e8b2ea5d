export { type AnswerOptions, answerRequest } from './answer-request.ts';
export {
  type Connector,
  type ConnectorContext,
  type ConnectorDefinition,
  defineConnector,
  type Progress,
} from './connector.ts';
export type { Extract, ExtractProblem, ExtractTable } from './extract-rows.ts';
export {
  assertIdentifier,
  assertTableName,
  isEnvironmentName,
  isIdentifier,
  isQuotedIdentifier,
  isTableName,
} from './identifiers.ts';
export {
  type ConnectorMessage,
  type ConnectorRequest,
  type ConnectorTable,
  type ConnectorWarning,
  connectorMessage,
  connectorRequest,
  connectorTable,
  type LogLevel,
  MAX_LINE,
  PROTOCOL,
  parseConnectorLine,
  parseConnectorRequest,
} from './protocol.ts';
export { readAttachedExtract, readExtract } from './reader.ts';
export { runConnector } from './run-connector.ts';
export {
  DATA_FOLDER,
  EXTRACT_FILE,
  META_DDL,
  type MetaRow,
  PARTS_DDL,
  type PartRow,
  QUERY_MODES,
  type QueryMode,
  REMOTE_ATTACH_DDL,
  type RemoteAttachRow,
} from './tables.ts';
export { validateExtract } from './validate.ts';
export { bodyOfView, type ViewBody } from './view-body.ts';
export { openViewGate, type ViewGate } from './view-gate.ts';
export { type FolderDescription, folderDescription, writeFolder } from './write-folder.ts';
export {
  ExtractWriter,
  type ExtractWriterOptions,
  openExtractWriter,
  type TableToWrite,
  type TableWritten,
} from './writer.ts';
