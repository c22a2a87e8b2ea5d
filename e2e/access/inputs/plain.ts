// Operations that take nothing.
import type { Maker, Makers } from '../inputs.ts';

const nothing: Maker = { valid: () => ({}) };

export const plainInputs: Makers = {
  health: nothing,
  healthDetailed: nothing,
  liveness: nothing,
  readiness: nothing,
  version: nothing,
  openapi: nothing,
  me: nothing,
  listTokens: nothing,
  listAllTokens: nothing,
  listUsers: nothing,
  listResourceTypes: nothing,
  accessOverview: nothing,
  listGroups: nothing,
  listGrants: nothing,
  myAccess: nothing,
  listRegistry: nothing,
  catalog: nothing,
  catalogTables: nothing,
  syncManifest: nothing,
  syncStatus: nothing,
  listJobs: nothing,
  listAudit: nothing,
  exportAudit: nothing,
};
