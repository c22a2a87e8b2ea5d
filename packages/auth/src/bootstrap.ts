import { AgnesError } from '@agnes/errors';
import { ADMIN_GROUP_ID, insertMember, normaliseEmail, recordAudit } from '@agnes/rbac';
import { bumpVersion, schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import { addressGroup } from './address-group.ts';
import type { BootstrapCode } from './bootstrap-code.ts';
import { closeBootstrap, hadAnAdmin } from './first-admin.ts';
import type { Limits } from './limits.ts';
import { sameSecret } from './same-secret.ts';
import { type NewSession, startSession } from './sessions.ts';
import type { SignInOptions } from './sign-in.ts';
import { insertUser, newHash } from './users.ts';
import type { Peer } from './ways-in.ts';

export interface BootstrapInput {
  readonly email: string;
  readonly name?: string | null | undefined;
  readonly password: string;
  readonly code: string;
}

type BootstrapOptions = Omit<SignInOptions, 'lockOut'> & { readonly limits: Limits };

/**
 * Makes the first administrator and signs them in. Open only while there never was one, and only for whoever can read the
 * code in the state folder; of two at once one wins. Throws `bootstrap_closed`, `invalid_credentials` (wrong code),
 * `weak_password`, `too_many_requests`.
 */
export async function bootstrap(
  { state, passwords, limits, now, sessionHours, noteRefusal }: BootstrapOptions,
  code: BootstrapCode | undefined,
  input: BootstrapInput,
  peer: Peer,
): Promise<NewSession> {
  await limits.count('bootstrap', addressGroup(peer.ip));
  if (code === undefined || (await hadAnAdmin(state.db))) throw closed();
  const expected = await code.read();
  if (expected === undefined || !sameSecret(input.code.trim(), expected)) {
    await noteRefusal({ userId: null, action: 'auth.bootstrap', result: 'invalid_credentials', ip: peer.ip });
    throw new AgnesError('invalid_credentials', 'The bootstrap code is wrong.', {
      hint: `Read it on the server's machine: ${code.path}. A restart writes it again when it is missing.`,
    });
  }
  const email = normaliseEmail(input.email);
  const hash = await newHash(passwords, input.password, email);
  const result = await state.write(async (tx): Promise<NewSession> => {
    if (await hadAnAdmin(tx)) throw closed();
    const at = now();
    const [there] = await tx.select().from(schema.users).where(eq(schema.users.email, email));
    const user =
      there === undefined
        ? await insertUser(tx, { email, name: input.name ?? null, hash }, null, at)
        : { ...there, password_hash: hash, active: true, deactivated_at: null, deactivated_by: null, updated_at: at };
    if (there !== undefined) {
      const { id, email: _, ...values } = user;
      await tx.update(schema.users).set(values).where(eq(schema.users.id, id));
      await bumpVersion(tx, 'access_version');
    }
    await insertMember(tx, { groupId: ADMIN_GROUP_ID, userId: user.id, source: 'admin' }, user.id);
    await closeBootstrap(tx, 'bootstrap', at);
    await recordAudit(tx, { userId: user.id, action: 'auth.bootstrap', params: { email }, ip: peer.ip });
    return startSession(tx, { user, method: 'bootstrap', peer, now: at, hours: sessionHours });
  });
  await code.remove();
  return result;
}

const closed = (): AgnesError =>
  new AgnesError('bootstrap_closed', 'This server has had its first administrator already.', {
    hint: 'Sign in, or set SEED_ADMIN_EMAIL on the server and restart it.',
  });
