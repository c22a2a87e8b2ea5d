import { isLoopback } from '@agnes/config';
import { type Access, ADMIN_GROUP_ID, insertMember, normaliseEmail, withdrawMembers } from '@agnes/rbac';
import { createVersionCache, type State, schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import type { Caller } from './caller.ts';
import { callerFrom } from './token-way-in.ts';
import { insertUser } from './users.ts';
import type { Peer, WayIn } from './ways-in.ts';

const SOURCE = 'local_dev';
const DEVELOPERS = { groupId: ADMIN_GROUP_ID, source: SOURCE } as const;

/** Makes sure that the developer's account is there and an administrator for this reason, and nobody else is. */
export async function prepareLocalDev(state: State, email: string, at: Date): Promise<void> {
  const address = normaliseEmail(email);
  await state.write(async (tx) => {
    const [there] = await tx.select().from(schema.users).where(eq(schema.users.email, address));
    const user = there ?? (await insertUser(tx, { email: address, name: 'Local developer', hash: null }, null, at));
    await insertMember(tx, { ...DEVELOPERS, userId: user.id }, null);
    await withdrawMembers(tx, DEVELOPERS, user.id);
  });
}

/** Takes away what local development mode gave: outside of it nobody is an administrator for this reason. */
export async function leaveLocalDev(state: State): Promise<void> {
  await state.write((tx) => withdrawMembers(tx, DEVELOPERS));
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
