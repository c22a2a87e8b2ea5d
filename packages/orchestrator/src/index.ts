export type { ConnectorProcess } from './connector/connector-process.ts';
export type { Limits } from './limits.ts';
export { createOrchestrator, type Orchestrator, type OrchestratorOptions, type SweepReport } from './orchestrator.ts';
export type { Failure, SourceReport, WorkContext } from './report.ts';
