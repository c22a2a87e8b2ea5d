export { type Check, conforms, formatChecks } from './conformance/check.ts';
export { checkConnector } from './conformance/check-connector.ts';
export { type CheckExtractOptions, checkExtract } from './conformance/check-extract.ts';
export type { CheckConnectorInput, TableInput } from './conformance/connector-runs.ts';
export { type CommandSubject, type HereSubject, inProcess, type Subject } from './conformance/run-subject.ts';
export type { Secrets } from './conformance/secrets.ts';
