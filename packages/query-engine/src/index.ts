export type { Asker, Gateway, Result, Wanted } from './gateway.ts';
export { openQueryEngine, type QueryEngine, type QueryEngineOptions, type QueryLimits } from './query-engine.ts';
