import type { Method } from './operation.ts';
import type { Operations } from './operations/index.ts';

/** What a successful answer carries. */
export type ResponseKind = 'json' | 'empty' | 'binary';

/** Method, path and kind of answer of an operation. */
export type Route = readonly [method: Method, path: string, response: ResponseKind];

/**
 * Where each operation is, as plain data: a client that only sends requests needs no schema, and a command line starts
 * without evaluating any. A test keeps it equal to the operations.
 */
export const routes = {
  health: ['GET', '/api/health', 'json'],
  healthDetailed: ['GET', '/api/health/detailed', 'json'],
  liveness: ['GET', '/healthz', 'json'],
  readiness: ['GET', '/readyz', 'json'],
  version: ['GET', '/api/version', 'json'],
  openapi: ['GET', '/openapi.json', 'json'],
  signIn: ['POST', '/auth/token', 'json'],
  passwordLogin: ['POST', '/auth/password/login', 'json'],
  bootstrap: ['POST', '/auth/bootstrap', 'json'],
  signOut: ['POST', '/auth/logout', 'empty'],
  me: ['GET', '/api/me', 'json'],
  createToken: ['POST', '/auth/tokens', 'json'],
  listTokens: ['GET', '/auth/tokens', 'json'],
  getToken: ['GET', '/auth/tokens/{id}', 'json'],
  revokeToken: ['DELETE', '/auth/tokens/{id}', 'empty'],
  listAllTokens: ['GET', '/auth/admin/tokens', 'json'],
  revokeAnyToken: ['DELETE', '/auth/admin/tokens/{id}', 'empty'],
  listUsers: ['GET', '/api/users', 'json'],
  getUser: ['GET', '/api/users/{id}', 'json'],
  createUser: ['POST', '/api/users', 'json'],
  updateUser: ['PATCH', '/api/users/{id}', 'json'],
  activateUser: ['POST', '/api/users/{id}/activate', 'json'],
  deactivateUser: ['POST', '/api/users/{id}/deactivate', 'json'],
  deleteUser: ['DELETE', '/api/users/{id}', 'empty'],
  setPassword: ['POST', '/api/users/{id}/set-password', 'empty'],
  listResourceTypes: ['GET', '/api/admin/resource-types', 'json'],
  accessOverview: ['GET', '/api/admin/access-overview', 'json'],
  listGroups: ['GET', '/api/admin/groups', 'json'],
  getGroup: ['GET', '/api/admin/groups/{id}', 'json'],
  createGroup: ['POST', '/api/admin/groups', 'json'],
  updateGroup: ['PATCH', '/api/admin/groups/{id}', 'json'],
  deleteGroup: ['DELETE', '/api/admin/groups/{id}', 'empty'],
  listMembers: ['GET', '/api/admin/groups/{id}/members', 'json'],
  addMember: ['POST', '/api/admin/groups/{id}/members', 'json'],
  removeMember: ['DELETE', '/api/admin/groups/{id}/members/{user_id}', 'empty'],
  listGrants: ['GET', '/api/admin/grants', 'json'],
  createGrant: ['POST', '/api/admin/grants', 'json'],
  deleteGrant: ['DELETE', '/api/admin/grants/{id}', 'empty'],
  myAccess: ['GET', '/api/me/effective-access', 'json'],
  userAccess: ['GET', '/api/admin/users/{id}/effective-access', 'json'],
  listAudit: ['GET', '/api/admin/audit', 'json'],
  exportAudit: ['GET', '/api/admin/audit/export', 'binary'],
  listRegistry: ['GET', '/api/admin/registry', 'json'],
  registerTable: ['POST', '/api/admin/register-table', 'json'],
  precheckTable: ['POST', '/api/admin/register-table/precheck', 'json'],
  updateTable: ['PUT', '/api/admin/registry/{id}', 'json'],
  unregisterTable: ['DELETE', '/api/admin/registry/{id}', 'empty'],
  catalog: ['GET', '/api/v2/catalog', 'json'],
  catalogTables: ['GET', '/api/catalog/tables', 'json'],
  tableSchema: ['GET', '/api/v2/schema/{id}', 'json'],
  tableSample: ['GET', '/api/v2/sample/{id}', 'json'],
  syncManifest: ['GET', '/api/sync/manifest', 'json'],
  getBlob: ['GET', '/api/blobs/sha256/{sha256}', 'binary'],
  syncStatus: ['GET', '/api/sync/status', 'json'],
  triggerSync: ['POST', '/api/sync/trigger', 'json'],
  listJobs: ['GET', '/api/jobs', 'json'],
  getJob: ['GET', '/api/jobs/{id}', 'json'],
  getJobLog: ['GET', '/api/jobs/{id}/log', 'json'],
  cancelJob: ['POST', '/api/jobs/{id}/cancel', 'json'],
} as const satisfies Record<keyof Operations, Route>;
