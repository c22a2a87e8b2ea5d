import { AgnesError } from '@agnes/errors';
import { type State, type StateDatabase, schema } from '@agnes/state';
import { and, asc, desc, eq, gt, gte, isNull, lt, lte, ne, or, type SQL, sql } from 'drizzle-orm';
import { getPerson } from '../people.ts';

export interface AuditFilter {
  readonly from?: Date | undefined;
  /** Exclusive. */
  readonly to?: Date | undefined;
  /** Id or e-mail address. */
  readonly user?: string | undefined;
  /** How it begins. */
  readonly action?: string | undefined;
  /** How it begins. */
  readonly resource?: string | undefined;
  /** `!ok` for all that is not `ok`. */
  readonly result?: string | undefined;
}

export type AuditRecord = typeof schema.auditLog.$inferSelect & { readonly user_email: string | null };

/** Where a page ended. */
interface Place {
  readonly timestamp: Date;
  readonly id: string;
}

export interface AuditPage {
  readonly entries: AuditRecord[];
  /** To be given as `after`; null when this was the last page. */
  readonly next: string | null;
}

/** Rows that an export holds at a time. */
const EXPORT_PAGE = 5000;

/**
 * A page of the log, newest first. Throws `user_not_found` for an e-mail address of nobody (the id of an account that was
 * deleted is fine) and `invalid_request` for an `after` that no page gave.
 */
export async function readAudit(
  state: State,
  filter: AuditFilter,
  { limit, after }: { readonly limit: number; readonly after?: string | undefined },
): Promise<AuditPage> {
  const place = after === undefined ? undefined : placeFrom(after);
  const { auditLog } = schema;
  const where = and(await conditionOf(state.db, filter), place && olderThan(place));
  const rows = await select(state.db, where)
    .orderBy(desc(auditLog.timestamp), desc(auditLog.id))
    .limit(limit + 1);
  const entries = rows.slice(0, limit);
  const last = entries.at(-1);
  return { entries, next: rows.length > limit && last !== undefined ? textOf(last) : null };
}

/** All of the log up to `until`, oldest first, in batches: memory holds one. Throws as {@link readAudit}. */
export async function* exportAudit(
  state: State,
  filter: AuditFilter,
  until: Date,
  page = EXPORT_PAGE,
): AsyncGenerator<AuditRecord[]> {
  const { auditLog } = schema;
  const to = filter.to === undefined || filter.to > until ? until : filter.to;
  const condition = await conditionOf(state.db, { ...filter, to });
  let place: Place | undefined;
  for (;;) {
    const rows = await select(state.db, and(condition, place && newerThan(place)))
      .orderBy(asc(auditLog.timestamp), asc(auditLog.id))
      .limit(page);
    if (rows.length > 0) yield rows;
    place = rows.at(-1);
    if (rows.length < page) return;
  }
}

function select(db: StateDatabase, where: SQL | undefined) {
  const { auditLog, users } = schema;
  const { id, timestamp, user_id, action, resource, params, result, ip, credential_id, duration_ms } = auditLog;
  return db
    .select({
      id,
      timestamp,
      user_id,
      action,
      resource,
      params,
      result,
      ip,
      credential_id,
      duration_ms,
      user_email: users.email,
    })
    .from(auditLog)
    .leftJoin(users, eq(users.id, auditLog.user_id))
    .where(where);
}

async function conditionOf(db: StateDatabase, filter: AuditFilter): Promise<SQL | undefined> {
  const { auditLog } = schema;
  const { from, to, user, action, resource, result } = filter;
  return and(
    from && gte(auditLog.timestamp, from),
    to && lt(auditLog.timestamp, to),
    user === undefined ? undefined : eq(auditLog.user_id, await userIdOf(db, user)),
    action === undefined ? undefined : sql`starts_with(${auditLog.action}, ${action})`,
    resource === undefined ? undefined : sql`starts_with(${auditLog.resource}, ${resource})`,
    result === undefined ? undefined : resultIs(result),
  );
}

function resultIs(result: string): SQL | undefined {
  const column = schema.auditLog.result;
  if (!result.startsWith('!')) return eq(column, result);
  return or(ne(column, result.slice(1)), isNull(column));
}

async function userIdOf(db: StateDatabase, user: string): Promise<string> {
  return user.includes('@') ? (await getPerson(db, user)).id : user;
}

const olderThan = ({ timestamp, id }: Place): SQL | undefined => {
  const { auditLog } = schema;
  return and(
    // Said beside the rest, so that DuckDB can leave out what is newer without reading it.
    lte(auditLog.timestamp, timestamp),
    or(lt(auditLog.timestamp, timestamp), lt(auditLog.id, id)),
  );
};
const newerThan = ({ timestamp, id }: Place): SQL | undefined => {
  const { auditLog } = schema;
  return and(gte(auditLog.timestamp, timestamp), or(gt(auditLog.timestamp, timestamp), gt(auditLog.id, id)));
};

const textOf = ({ timestamp, id }: Place): string => `${timestamp.toISOString()}~${id}`;

function placeFrom(after: string): Place {
  const [at = '', id = ''] = after.split('~');
  const timestamp = new Date(at);
  if (id !== '' && !Number.isNaN(timestamp.getTime())) return { timestamp, id };
  throw new AgnesError('invalid_request', '`after` is not what a page of the audit log gave as `next`.', {
    hint: 'Leave it out to begin with the newest entries.',
  });
}
