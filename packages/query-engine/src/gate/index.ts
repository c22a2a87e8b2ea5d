export { expandPivot, type PivotOptions } from './expand-pivot.ts';
export { type Explaining, explainFailure, type ReadableTable, unknownTable } from './explain.ts';
export type { Gate, GateLimits, Passed, Position, Refusal, Relation } from './gate.ts';
export { checkPlan } from './plan.ts';
export { CALLER_TYPE, checkPolicyExpression, type PolicyExpression } from './policy.ts';
export { gateStatement } from './statement.ts';
