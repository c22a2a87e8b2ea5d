import { isLoopback } from '@agnes/config';
import { type Access, ADMIN_GROUP_ID, endSessions, insertMember, normaliseEmail, recordAudit } from '@agnes/rbac';
import { bumpVersion, createVersionCache, type State, schema } from '@agnes/state';
import { and, eq } from 'drizzle-orm';
import type { Caller } from './caller.ts';
import { callerFrom } from './token-way-in.ts';
import { insertUser } from './users.ts';
import type { Peer, WayIn } from './ways-in.ts';

const SOURCE = 'local_dev';

/** Makes sure that the developer's account is there, active and an administrator for this reason. */
export async function prepareLocalDev(state: State, email: string, at: Date): Promise<void> {
  const address = normaliseEmail(email);
  await leaveLocalDev(state, at, address);
  await state.write(async (tx) => {
    const [there] = await tx.select().from(schema.users).where(eq(schema.users.email, address));
    const user = there ?? (await insertUser(tx, { email: address, name: 'Local developer', hash: null }, null, at));
    await insertMember(tx, { groupId: ADMIN_GROUP_ID, userId: user.id, source: SOURCE }, null);
  });
}

/** Takes away what local development mode gave: outside of it nobody is an administrator for this reason. */
export async function leaveLocalDev(state: State, at: Date, except?: string): Promise<void> {
  const { userGroupMembers, users } = schema;
  await state.write(async (tx) => {
    const rows = await tx
      .select({ id: users.id, email: users.email })
      .from(userGroupMembers)
      .innerJoin(users, eq(users.id, userGroupMembers.user_id))
      .where(eq(userGroupMembers.source, SOURCE));
    for (const { id, email } of rows) {
      if (email === except) continue;
      await tx
        .delete(userGroupMembers)
        .where(and(eq(userGroupMembers.user_id, id), eq(userGroupMembers.source, SOURCE)));
      await endSessions(tx, id, at);
      await recordAudit(tx, {
        userId: null,
        action: 'member.remove',
        resource: `group:${ADMIN_GROUP_ID}`,
        params: { user_id: id, source: SOURCE },
      });
      await bumpVersion(tx, 'access_version');
    }
  });
}

interface Options {
  readonly state: State;
  readonly access: Access;
  readonly email: string;
}

/**
 * Local development mode: a request without credentials is the developer's, when it comes from this machine, is meant for it
 * by name, and no proxy has touched it. A page of another site that points a name at this machine gets nowhere.
 */
export function localDevWayIn({ state, access, email }: Options): WayIn {
  const known = createVersionCache<Caller | undefined>(state, 'access_version', 1);
  const address = normaliseEmail(email);
  const developer = async (): Promise<Caller | undefined> => {
    const [user] = await state.db.select().from(schema.users).where(eq(schema.users.email, address));
    if (user === undefined || !user.active) return undefined;
    return callerFrom(user, await access.groupsOf(user.id), {
      kind: 'session',
      id: SOURCE,
      name: 'local development mode',
      scope: 'general',
      expires_at: null,
      method: SOURCE,
    });
  };
  return async (headers, peer) => (isOfThisMachine(headers, peer) ? known(address, developer) : undefined);
}

const FORWARDING = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip'];

function isOfThisMachine(headers: Headers, { ip }: Peer): boolean {
  if (ip === null || !isLoopback(ip)) return false;
  if (FORWARDING.some((name) => headers.has(name))) return false;
  const host = URL.parse(`http://${headers.get('host') ?? ''}`)?.hostname ?? '';
  return isLoopback(host);
}
