import { type State, schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import { addressGroup } from './address-group.ts';
import { noteAddress } from './token-addresses.ts';

type Token = typeof schema.accessTokens.$inferSelect;

export interface LastUse {
  /**
   * Remembers that a token was used now. Writes after the request went on, once a minute for each token, and at once when it
   * comes from an address that this process has not seen it from.
   */
  note(token: Token, ip: string | null): void;
  /** When it was last used, as far as this process knows. */
  of(token: Token): Date | null;
  /** Resolves when what was noted so far is written. */
  settled(): Promise<void>;
}

interface Remembered {
  usedAt: number;
  writtenAt: number;
  readonly addresses: Set<string>;
}

const EVERY_MS = 60_000;
const MAX_REMEMBERED = 10_000;
/** Addresses of one token that are written at once; from more, once a minute. */
const MAX_ADDRESSES = 16;

export function createLastUse(state: State, now: () => Date, onError: (error: unknown) => void): LastUse {
  const remembered = new Map<string, Remembered>();
  const underWay = new Set<Promise<void>>();

  const write = (token: Token, ip: string | null, at: Date): Promise<void> =>
    state.write(async (tx) => {
      const { accessTokens } = schema;
      await tx.update(accessTokens).set({ last_used_at: at, last_used_ip: ip }).where(eq(accessTokens.id, token.id));
      if (ip !== null) await noteAddress(tx, token, ip, at);
    });
  const recall = (token: Token): Remembered => {
    const known = remembered.get(token.id);
    if (known !== undefined) return known;
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    const writtenAt = token.last_used_at?.getTime() ?? 0;
    const fresh: Remembered = { usedAt: writtenAt, writtenAt, addresses: new Set() };
    remembered.set(token.id, fresh);
    return fresh;
  };

  return {
    note(token, ip) {
      const at = now();
      const known = recall(token);
      known.usedAt = at.getTime();
      const address = addressGroup(ip);
      const isNew = !known.addresses.has(address) && known.addresses.size < MAX_ADDRESSES;
      if (!isNew && at.getTime() - known.writtenAt < EVERY_MS) return;
      if (isNew) known.addresses.add(address);
      known.writtenAt = at.getTime();
      const task = write(token, ip, at).then(undefined, onError);
      underWay.add(task);
      void task.finally(() => underWay.delete(task));
    },
    of(token) {
      const usedAt = Math.max(remembered.get(token.id)?.usedAt ?? 0, token.last_used_at?.getTime() ?? 0);
      return usedAt === 0 ? null : new Date(usedAt);
    },
    async settled() {
      await Promise.all(underWay);
    },
  };
}
