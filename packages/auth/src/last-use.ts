import { recordAudit } from '@agnes/rbac';
import { type State, schema } from '@agnes/state';
import { eq } from 'drizzle-orm';

type Token = typeof schema.accessTokens.$inferSelect;

export interface LastUse {
  /** Remembers that a token was used now. Writes at most once a minute for each token, after the request went on. */
  note(token: Token, ip: string | null): void;
  /** Resolves when what was noted so far is written. */
  settled(): Promise<void>;
}

const EVERY_MS = 60_000;
const MAX_REMEMBERED = 10_000;

export function createLastUse(state: State, now: () => Date, onError: (error: unknown) => void): LastUse {
  const written = new Map<string, number>();
  const underWay = new Set<Promise<void>>();

  const write = async (token: Token, ip: string | null, at: Date): Promise<void> => {
    const { accessTokens } = schema;
    await state.write(async (tx) => {
      // What the caller holds of the token may be as old as the last change of access.
      const [before] = await tx
        .select({ ip: accessTokens.last_used_ip })
        .from(accessTokens)
        .where(eq(accessTokens.id, token.id));
      const previous = before?.ip ?? null;
      await tx.update(accessTokens).set({ last_used_at: at, last_used_ip: ip }).where(eq(accessTokens.id, token.id));
      if (token.kind === 'personal' && previous !== null && previous !== ip) {
        await recordAudit(tx, {
          userId: token.user_id,
          action: 'token.first_use_new_ip',
          resource: `token:${token.id}`,
          params: { ip, previous_ip: previous },
        });
      }
    });
  };

  return {
    note(token, ip) {
      const at = now();
      const before = Math.max(written.get(token.id) ?? 0, token.last_used_at?.getTime() ?? 0);
      if (at.getTime() - before < EVERY_MS) return;
      if (written.size >= MAX_REMEMBERED) written.clear();
      written.set(token.id, at.getTime());
      const task = write(token, ip, at).then(undefined, onError);
      underWay.add(task);
      void task.finally(() => underWay.delete(task));
    },
    async settled() {
      await Promise.all(underWay);
    },
  };
}
