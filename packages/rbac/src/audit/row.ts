import { newId, type schema } from '@agnes/state';
import type { AuditEntry } from '../audit.ts';
import { withoutSecrets } from './without-secrets.ts';

export type AuditRow = typeof schema.auditLog.$inferInsert;

/** Characters of one text inside `params`: enough for nearly every statement; how long it was is said beside the rest. */
const TEXT_MOST = 8000;
const NAME_MOST = 500;
/** Characters of all `params` as JSON. */
const PARAMS_MOST = 40_000;

/** The row of an entry: no text endless, nothing that looks like a credential, nothing that an engine refuses to store. */
export function auditRow(entry: AuditEntry, timestamp: Date): AuditRow {
  return {
    id: newId(),
    timestamp,
    user_id: entry.userId,
    action: name(entry.action),
    resource: entry.resource === undefined ? null : name(entry.resource),
    params: entry.params === undefined ? null : clean(entry.params),
    result: name(entry.result ?? 'ok'),
    ip: entry.ip ?? null,
    credential_id: entry.credentialId ?? null,
    duration_ms: entry.durationMs === undefined ? null : Math.max(0, Math.round(entry.durationMs)),
  };
}

function clean(params: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const text = JSON.stringify(params, (_key, value: unknown) => (typeof value === 'string' ? cut(value) : value));
  if (text.length <= PARAMS_MOST) return JSON.parse(text) as Record<string, unknown>;
  return { cut: withoutSecrets(text.slice(0, TEXT_MOST)), characters: text.length };
}

function cut(text: string): string {
  const kept = withoutSecrets(text.slice(0, TEXT_MOST));
  return text.length <= TEXT_MOST ? kept : `${kept}… (${text.length} characters)`;
}

/** A word of a column of text, which holds no NUL and no half of a surrogate pair. */
const name = (text: string): string =>
  withoutSecrets(text.slice(0, NAME_MOST)).toWellFormed().replaceAll('\u0000', '\ufffd');
