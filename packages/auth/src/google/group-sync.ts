import type { GoogleGroupsSettings } from '@agnes/config';
import { isAgnesError } from '@agnes/errors';
import { recordAudit } from '@agnes/rbac';
import { type State, type StateDatabase, schema } from '@agnes/state';
import { and, eq } from 'drizzle-orm';
import { GOOGLE_SOURCE } from '../sso-managed.ts';
import { changeUser, type User } from '../users.ts';
import { applyGroups, GOOGLE_SYNC, relevantGroups } from './apply-groups.ts';
import type { Directory } from './directory.ts';
import { googlePeople } from './people.ts';

/** What Google said of one person's groups, to be applied in the transaction of their sign-in. */
export interface GoogleLook {
  /** Applies it, and says whether the person may sign in. */
  apply(tx: StateDatabase, userId: string): Promise<boolean>;
}

/** What one look at everybody did. */
export interface GoogleSync {
  readonly people: number;
  readonly added: number;
  readonly removed: number;
  readonly deactivated: number;
  readonly activated: number;
  /** People of whom Google could not be asked; they keep what they had. */
  readonly failed: number;
}

export interface GoogleGroups {
  /** Asks Google for somebody's groups. A call that fails is reported, and keeps what the person had. */
  look(email: string): Promise<GoogleLook>;
  /** Asks for the groups of everybody who comes from Google, for a minute at most, and goes on there the next time. */
  syncAll(): Promise<GoogleSync>;
}

interface Options {
  readonly state: State;
  readonly settings: GoogleGroupsSettings;
  readonly directory: Directory;
  readonly now: () => Date;
  readonly onError: (error: unknown) => void;
  /** Default a minute: for one person at sign-in, and for one look at everybody. */
  readonly budgetMs?: number;
}

const AT_A_TIME = 4;
/** After so many failures in a row the rest would fail too. */
const MOST_FAILURES = 5;

export function createGoogleGroups(options: Options): GoogleGroups {
  const { state, settings, directory, onError, budgetMs = 60_000 } = options;
  /** The person after whom to go on, when a look at everybody ran out of time. */
  let last = '';

  const syncOne = async (user: User, email: string, deadline: number): Promise<Partial<GoogleSync>> => {
    if (settings.checkUsers) {
      const change = await syncStatus(options, user, email, deadline);
      if (change !== undefined) return change;
    }
    if (!user.active) return {};
    const emails = await directory.groupsOf(email, deadline);
    const change = await state.write((tx) => applyGroups(tx, settings, { userId: user.id, emails }));
    return { added: change.added.length, removed: change.removed.length };
  };

  return {
    async look(email) {
      let emails: string[];
      try {
        emails = await directory.groupsOf(email, performance.now() + budgetMs);
      } catch (error) {
        onError(error);
        // Nobody new comes in past a prefix that could not be looked at.
        return { apply: async (tx, userId) => settings.prefix === undefined || (await wasSynced(tx, userId)) };
      }
      return {
        async apply(tx, userId) {
          await applyGroups(tx, settings, { userId, emails });
          return settings.prefix === undefined || relevantGroups(settings, emails).length > 0;
        },
      };
    },

    async syncAll() {
      const deadline = performance.now() + budgetMs;
      const everybody = await googlePeople(state.db);
      const queue = [
        ...everybody.filter(({ user }) => user.id > last),
        ...everybody.filter(({ user }) => user.id <= last),
      ];
      const total = { people: 0, added: 0, removed: 0, deactivated: 0, activated: 0, failed: 0 };
      let inARow = 0;
      const work = async (): Promise<void> => {
        for (;;) {
          if (inARow >= MOST_FAILURES || performance.now() >= deadline) return;
          const next = queue.shift();
          if (next === undefined) return;
          last = next.user.id;
          try {
            const done = await syncOne(next.user, next.email, deadline);
            inARow = 0;
            total.people += 1;
            for (const key of ['added', 'removed', 'deactivated', 'activated'] as const) total[key] += done[key] ?? 0;
          } catch (error) {
            inARow += 1;
            total.failed += 1;
            onError(error);
          }
        }
      };
      await Promise.all(Array.from({ length: AT_A_TIME }, work));
      return total;
    },
  };
}

/** Deactivates whom Google suspended or deleted, and activates again whom it let back in. Undefined when neither is so. */
async function syncStatus(
  { state, settings, directory, now }: Options,
  user: User,
  email: string,
  deadline: number,
): Promise<Partial<GoogleSync> | undefined> {
  const status = await directory.statusOf(email, deadline);
  // The directory knows everybody of its own domain; of others it may never have known anything.
  const gone = status === 'suspended' || (status === 'unknown' && domainOf(email) === domainOf(settings.subject));
  if (gone === !user.active) return undefined;
  try {
    const changed = await state.write(async (tx) => {
      // An administrator may have decided otherwise while Google was being asked.
      const [still] = await tx.select().from(schema.users).where(eq(schema.users.id, user.id));
      if (still?.active !== user.active || still.deactivated_by !== user.deactivated_by) return false;
      await changeUser(tx, user.id, { patch: { active: !gone }, by: GOOGLE_SYNC, at: now() });
      return true;
    });
    if (!changed) return undefined;
  } catch (error) {
    if (!isAgnesError(error, 'last_admin')) throw error;
    await state.write((tx) =>
      recordAudit(tx, {
        userId: GOOGLE_SYNC,
        action: 'user.deactivate',
        resource: `user:${user.id}`,
        result: 'last_admin',
      }),
    );
    return undefined;
  }
  return gone ? { deactivated: 1 } : { activated: 1 };
}

const domainOf = (email: string): string => email.slice(email.lastIndexOf('@') + 1);

async function wasSynced(tx: StateDatabase, userId: string): Promise<boolean> {
  const { userGroupMembers } = schema;
  const [row] = await tx
    .select({ id: userGroupMembers.group_id })
    .from(userGroupMembers)
    .where(and(eq(userGroupMembers.user_id, userId), eq(userGroupMembers.source, GOOGLE_SOURCE)))
    .limit(1);
  return row !== undefined;
}
