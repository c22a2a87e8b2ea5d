export { type Access, createAccess } from './access.ts';
export { countDownloads, type Downloads } from './audit/downloads.ts';
export { pruneAudit } from './audit/prune-audit.ts';
export { type AuditFilter, type AuditPage, type AuditRecord, exportAudit, readAudit } from './audit/read-audit.ts';
export { type AuditEntry, recordAudit } from './audit.ts';
export { type AuditTrail, type AuditTrailOptions, createAuditTrail } from './audit-trail.ts';
export type { EffectiveAccess } from './effective.ts';
export type { Grant, GrantFilter, NewGrant } from './grants.ts';
export { ADMIN_GROUP_ID, EVERYONE_GROUP_ID, type Group, type GroupPatch, type NewGroup } from './groups.ts';
export { countActiveAdmins, keepAnAdmin } from './last-admin.ts';
export {
  insertMember,
  isAdmin,
  type Member,
  type Membership,
  type MembershipKey,
  type MembershipSource,
  removeFromAllGroups,
} from './members.ts';
export { normaliseEmail } from './people.ts';
export type { Principal } from './principal.ts';
export type { Block, ResourceRef, ResourceType } from './resource-types.ts';
