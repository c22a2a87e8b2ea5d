export {
  type Caller,
  type CallerGroup,
  type Credential,
  callerOf,
  type Peer,
  peerOf,
  type RequestContext,
} from './context.ts';
export { type Handler, type Handlers, Reply } from './handler.ts';
export { openApiDocument } from './openapi.ts';
export type {
  Access,
  HandlerInput,
  Method,
  Operation,
  OperationInput,
  OperationOutput,
  ResponseBody,
} from './operation.ts';
export { accessOperations } from './operations/access.ts';
export { auditEntry, auditOperations } from './operations/audit.ts';
export { authOperations } from './operations/auth.ts';
export { catalogOperations } from './operations/catalog.ts';
export { distributionOperations, manifest, manifestTable, part } from './operations/distribution.ts';
export { healthOperations } from './operations/health.ts';
export { type Operations, operations } from './operations/index.ts';
export { job, jobOperations, jobOutcome } from './operations/jobs.ts';
export { pageOperations } from './operations/pages.ts';
export { policyOperations } from './operations/policies.ts';
export { queryOperations } from './operations/query.ts';
export { registryOperations, registryTable } from './operations/registry.ts';
export { deviceOperations, sessionOperations } from './operations/sessions.ts';
export { signInOperations } from './operations/sign-in.ts';
export { userOperations } from './operations/users.ts';
export { type Scope, scopeAdmits, TOKEN_SCOPE_NAMES, TOKEN_SCOPES, type TokenScope } from './scopes.ts';
