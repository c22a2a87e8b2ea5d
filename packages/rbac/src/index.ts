export { type Access, type AccessOptions, createAccess } from './access.ts';
export { countDownloads, type Downloads } from './audit/downloads.ts';
export { type Origin, withOrigin } from './audit/origin.ts';
export { pruneAudit } from './audit/prune-audit.ts';
export { type AuditFilter, type AuditPage, type AuditRecord, exportAudit, readAudit } from './audit/read-audit.ts';
export { withoutSecrets } from './audit/without-secrets.ts';
export { type AuditEntry, recordAudit } from './audit.ts';
export { type AuditTrail, type AuditTrailOptions, createAuditTrail } from './audit-trail.ts';
export type { NewPolicy, PolicyPatch, PolicyValidator } from './change-policies.ts';
export type { EffectiveAccess } from './effective.ts';
export { dropApprovedDevices, endSessions } from './end-sessions.ts';
export type { Grant, GrantFilter, NewGrant } from './grants.ts';
export { ADMIN_GROUP_ID, EVERYONE_GROUP_ID, type Group, type GroupPatch, type NewGroup } from './groups.ts';
export { isAdmin, type Membership } from './groups-of.ts';
export { countActiveAdmins, keepAnAdmin } from './last-admin.ts';
export { type GroupOrigin, type MappedEmails, originOf, syncedGroup } from './managed-groups.ts';
export type { Member } from './members.ts';
export {
  insertMember,
  type MembershipKey,
  type MembershipSource,
  removeFromAllGroups,
  withdrawMembers,
} from './membership-rows.ts';
export type { GroupMembership } from './memberships.ts';
export { normaliseEmail } from './people.ts';
export type { Policy, PolicyFilter } from './policies.ts';
export type { CallerAttributes, EffectivePolicy, PolicyBranch, PolicyRules } from './policy.ts';
export type { Principal } from './principal.ts';
export { type ReplacedMemberships, replaceMembers, type SyncedMemberships } from './replace-members.ts';
export type { Block, ResourceRef, ResourceSource, ResourceType } from './resource-types.ts';
export type { TableAccess } from './table-access.ts';
export type { TableReaders } from './table-readers.ts';
export type { View, ViewedPerson } from './view-as.ts';
