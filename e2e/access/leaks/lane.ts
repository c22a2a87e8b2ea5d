// One walk's own tables, groups and people on a server that other walks use at the same time.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { declared } from '../declared.ts';
import { SCOPES } from '../expected.ts';
import { bearer, type Person, sync, type Table, type World } from '../world.ts';
import { Model } from './model.ts';
import { ROWS } from './rules.ts';

/** A credential of a person. */
export interface Key {
  readonly kind: 'session' | 'token';
  readonly scope: string;
  readonly id: string;
  readonly token: string;
  /** Revoked, or ended with its account. */
  dead: boolean;
}

export interface Holder extends Person {
  readonly keys: Key[];
}

export interface Lane {
  readonly world: World;
  readonly tables: readonly [Table, ...Table[]];
  /** Names of the groups that the lane makes and deletes. */
  readonly groupNames: readonly [string, ...string[]];
  readonly people: readonly [Holder, ...Holder[]];
  readonly model: Model;
}

/** What the server of this build has; steps and readers of what it has not are left out, and the figures say so. */
export const has = (id: string): boolean => declared.has(id);

export async function makeLanes(world: World, count: number): Promise<Lane[]> {
  const names = Array.from({ length: count }, (_, lane) => [`zq_one_${lane}`, `zq_two_${lane}`, `zq_three_${lane}`]);
  const text = ROWS.map(({ id, region, email, amount }) => `${id},${region},${email},${amount}\n`).join('');
  for (const name of names.flat()) {
    // A column of its own makes the table's file another one than every other table's.
    await writeFile(
      join(world.server.dataDir, 'files', `${name}.csv`),
      `id,region,email,amount,${name}\n${text.replaceAll('\n', ',1\n')}`,
    );
    await world.admin('registerTable', { body: { name, source_type: 'local', source_table: `${name}.csv` } });
  }
  await sync(world.admin);
  const { body } = await world.admin('syncManifest');
  const tableOf = (name: string): Table => {
    const { id, parts } = body.tables[name];
    return { id, name, sha256: parts[0].sha256 };
  };
  return Promise.all(names.map((own, lane) => makeLane(world, lane, own.map(tableOf))));
}

async function makeLane(world: World, lane: number, tables: readonly Table[]): Promise<Lane> {
  const model = new Model();
  for (const name of ['Admin', 'Everyone']) {
    const { body } = await world.admin('getGroup', { params: { id: name } });
    model.groups.set(name, body.id);
  }
  const people: Holder[] = [];
  for (const name of ['ana', 'bo', 'cy', 'abe']) {
    const person: Holder = { ...(await world.person(`${name}.${lane}@example.com`)), keys: [] };
    await addSession(world, person);
    for (const scope of SCOPES) await addToken(world, person, scope);
    people.push(person);
  }
  const groupNames = ['sales', 'finance', 'support'].map((name) => `${name}-${lane}`);
  return { world, tables, groupNames, people, model } as unknown as Lane;
}

export async function addSession(world: World, person: Holder): Promise<void> {
  person.session = await world.signIn(person.email);
  const { body } = await world.call('me', bearer(person.session));
  person.keys.push({ kind: 'session', scope: 'session', id: body.credential.id, token: person.session, dead: false });
}

export async function addToken(world: World, person: Holder, scope: string): Promise<void> {
  const made = await world.mint(person, { scope });
  person.keys.push({ ...made, kind: 'token', scope, dead: false });
}
