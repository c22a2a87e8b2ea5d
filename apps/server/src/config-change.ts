import { createHash, randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import { type Config, type SettingValue, settingValues } from '@agnes/config';
import { recordAudit } from '@agnes/rbac';
import { type State, schema } from '@agnes/state';
import { eq } from 'drizzle-orm';
import * as v from 'valibot';

const KEY = 'config_fingerprint';
const stored = v.object({ salt: v.string(), settings: v.record(v.string(), v.string()) });
type Stored = v.InferOutput<typeof stored>;

const slowHash = promisify<string, string, number, Buffer>(scrypt);

/**
 * Notes a start, and which settings differ from those of the start before, by name. Of a setting the state keeps only a
 * salted hash, and of a secret a slow one: whoever reads the state cannot try values faster than against a password.
 */
export async function recordStart(state: State, config: Config, version: string): Promise<void> {
  const before = await readStored(state);
  const salt = before?.salt ?? randomBytes(16).toString('hex');
  const settings = await fingerprints(settingValues(config), salt);
  const names = new Set([...Object.keys(settings), ...Object.keys(before?.settings ?? {})]);
  const changed = [...names].filter((name) => before?.settings[name] !== settings[name]).sort();
  await state.write(async (tx) => {
    await recordAudit(tx, { userId: null, action: 'server.start', params: { version } });
    if (changed.length === 0) return;
    const value: Stored = { salt, settings };
    const updated_at = new Date();
    await tx
      .insert(schema.settings)
      .values({ key: KEY, value, updated_at })
      .onConflictDoUpdate({ target: schema.settings.key, set: { value, updated_at } });
    // At the first start everything is new, which says nothing.
    if (before !== undefined) {
      await recordAudit(tx, { userId: null, action: 'config.change', params: { changed } });
    }
  });
}

async function readStored(state: State): Promise<Stored | undefined> {
  const [row] = await state.db
    .select({ value: schema.settings.value })
    .from(schema.settings)
    .where(eq(schema.settings.key, KEY));
  return row === undefined ? undefined : v.parse(stored, row.value);
}

async function fingerprints(values: readonly SettingValue[], salt: string): Promise<Record<string, string>> {
  const entries = await Promise.all(
    values.map(async ({ name, json, secret }) => {
      if (json === undefined) return [name, 'unset'] as const;
      const text = `${name}=${json}`;
      const hash = secret ? await slowHash(text, salt, 32) : createHash('sha256').update(salt).update(text).digest();
      return [name, hash.toString('hex')] as const;
    }),
  );
  return Object.fromEntries(entries);
}
