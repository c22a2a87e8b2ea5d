import { randomInt } from 'node:crypto';
import { type StateDatabase, schema } from '@agnes/state';
import { asc, eq, lte } from 'drizzle-orm';
import { addressGroup } from './address-group.ts';
import { hashToken } from './token-format.ts';

export type DeviceLogin = typeof schema.deviceLogins.$inferSelect;

/** Letters that are hard to mistake for one another and spell no words (RFC 8628 §6.1). */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const LENGTH = 8;
/** Logins that wait at a time. */
export const MOST_DEVICE_LOGINS = 1000;

/** A code for a person to read on one screen and type on another: `BCDF-GHJK`, of 2.5 × 10¹⁰ that can be. */
export function createUserCode(): string {
  const letters = Array.from({ length: LENGTH }, () => LETTERS.charAt(randomInt(LETTERS.length))).join('');
  return grouped(letters);
}

/** The hash of a code, however it was typed. */
export function hashUserCode(typed: string): string {
  return hashToken(lettersOf(typed));
}

/** A code as the device shows it, however it was typed. */
export function shownUserCode(typed: string): string {
  return grouped(lettersOf(typed));
}

const lettersOf = (typed: string): string => typed.toUpperCase().replaceAll(/[^A-Z0-9]/g, '');
const grouped = (letters: string): string => `${letters.slice(0, LENGTH / 2)}-${letters.slice(LENGTH / 2)}`;

/**
 * Removes logins that are over, and one of too many before another is added: the oldest of the address that has most, so that
 * nobody pushes out the logins of others.
 */
export async function pruneDeviceLogins(tx: StateDatabase, at: Date): Promise<void> {
  const { deviceLogins } = schema;
  await tx.delete(deviceLogins).where(lte(deviceLogins.expires_at, at));
  const rows = await tx
    .select({ id: deviceLogins.id, ip: deviceLogins.created_ip })
    .from(deviceLogins)
    .orderBy(asc(deviceLogins.created_at));
  if (rows.length < MOST_DEVICE_LOGINS) return;
  const byAddress = [...Map.groupBy(rows, ({ ip }) => addressGroup(ip)).values()];
  const [oldest] = byAddress.reduce((most, rows) => (rows.length > most.length ? rows : most));
  if (oldest !== undefined) await tx.delete(deviceLogins).where(eq(deviceLogins.id, oldest.id));
}

/** The login that waits with a typed code. */
export async function waitingLogin(db: StateDatabase, typed: string, at: Date): Promise<DeviceLogin | undefined> {
  const { deviceLogins } = schema;
  const [row] = await db
    .select()
    .from(deviceLogins)
    .where(eq(deviceLogins.user_code_hash, hashUserCode(typed)));
  return row !== undefined && row.status === 'pending' && row.expires_at > at ? row : undefined;
}
