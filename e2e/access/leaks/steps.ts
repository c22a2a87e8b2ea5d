// The changes of a walk. Each is possible when it is chosen, so each has to succeed, and the model follows it.
import type { Random } from '@agnes/testkit';
import { SCOPES } from '../expected.ts';
import { bearer, type World } from '../world.ts';
import { addSession, addToken, type Holder, has, type Lane } from './lane.ts';
import { MASKS, type MaskName, ROW_FILTERS, type RowFilterName } from './rules.ts';

export interface Step {
  readonly name: string;
  /** Who is affected for certain; they are asked about it. */
  readonly person?: Holder;
  readonly table?: string;
  /** Does it on the server and in the model. */
  take(): Promise<void>;
}

type Choose = (lane: Lane, random: Random) => Step | undefined;

/** A step that is possible now. */
export function chooseStep(lane: Lane, random: Random): Step {
  for (;;) {
    const step = random.pick(WEIGHTED)(lane, random);
    if (step !== undefined) return step;
  }
}

const groupsOf = ({ model }: Lane): [string, ...string[]] => [...model.groups.keys()] as [string, ...string[]];

const grantOrRevoke: Choose = ({ world, model, tables, ...lane }, random) => {
  const [group, table] = [random.pick(groupsOf({ model, world, tables, ...lane })), random.pick(tables)];
  const there = model.grantOf(group, table.name);
  if (there !== undefined) {
    return {
      name: `revoke ${table.name} from ${group}`,
      table: table.name,
      async take() {
        await world.admin('deleteGrant', { params: { id: there } });
        model.revoke(group, table.name);
      },
    };
  }
  return {
    name: `grant ${table.name} to ${group}`,
    table: table.name,
    async take() {
      const body = { group_id: group, resource_type: 'table', resource_id: random.pick([table.id, table.name]) };
      model.grant(group, table.name, (await world.admin('createGrant', { body })).body.id);
    },
  };
};

const joinOrLeave: Choose = (lane, random) => {
  const { world, model, people } = lane;
  const person = random.pick(people);
  // An administrator sees everything, so there are few, and not for long.
  const names = groupsOf(lane).filter((name) => name !== 'Everyone' && (name !== 'Admin' || random.next() < 0.3));
  const group = names[random.integer(0, names.length - 1)];
  if (group === undefined) return undefined;
  const isMember = model.isMember(person.email, group);
  return {
    name: `${person.email} ${isMember ? 'leaves' : 'joins'} ${group}`,
    person,
    async take() {
      if (isMember) await world.admin('removeMember', { params: { id: group, user_id: person.id } });
      else await world.admin('addMember', { params: { id: group }, body: { email: person.email } });
      model.setMember(person.email, group, !isMember);
      // Who becomes an administrator, or is one no longer, signs in again.
      if (group === 'Admin') await signInAgain(lane, person);
    },
  };
};

const makeOrDropGroup: Choose = ({ world, model, groupNames }, random) => {
  const name = random.pick(groupNames);
  const id = model.groups.get(name);
  // Groups without members and grants show little: they are made at once and dropped seldom.
  if (id !== undefined && random.next() < 0.7) return undefined;
  return {
    name: `${id === undefined ? 'make' : 'drop'} ${name}`,
    async take() {
      if (id === undefined) model.groups.set(name, (await world.admin('createGroup', { body: { name } })).body.id);
      else {
        await world.admin('deleteGroup', { params: { id: name } });
        model.removeGroup(name);
      }
    },
  };
};

const activateOrDeactivate: Choose = ({ world, model, people }, random) => {
  const person = random.pick(people);
  const inactive = model.inactive.has(person.email);
  return {
    name: `${inactive ? 'activate' : 'deactivate'} ${person.email}`,
    person,
    async take() {
      await world.admin(inactive ? 'activateUser' : 'deactivateUser', { params: { id: person.id } });
      if (inactive) {
        model.inactive.delete(person.email);
        await addSession(world, person);
        await replaceTokens(world, person);
      } else {
        model.inactive.add(person.email);
        endSessions(person);
      }
    },
  };
};

const MOST_DEAD_KEYS = 4;

const revokeKey: Choose = ({ world, model, people }, random) => {
  const person = random.pick(people);
  const alive = person.keys.filter(({ kind, dead }) => kind === 'token' && !dead);
  const key = alive[random.integer(0, alive.length - 1)];
  if (key === undefined) return undefined;
  const byItself = !model.inactive.has(person.email) && random.next() < 0.5;
  return {
    name: `revoke a ${key.scope} token of ${person.email}`,
    person,
    async take() {
      const params = { id: key.id };
      if (byItself) await world.call('revokeToken', bearer(person.session), { params });
      else await world.admin('revokeAnyToken', { params });
      key.dead = true;
      forgetDeadKeys(person);
      if (!model.inactive.has(person.email)) await replaceTokens(world, person);
    },
  };
};

function endSessions(person: Holder): void {
  for (const key of person.keys) if (key.kind === 'session') key.dead = true;
  forgetDeadKeys(person);
}

async function signInAgain({ world, model }: Lane, person: Holder): Promise<void> {
  endSessions(person);
  if (!model.inactive.has(person.email)) await addSession(world, person);
}

/** A new token for each scope of which the person has none that works. */
async function replaceTokens(world: World, person: Holder): Promise<void> {
  for (const scope of SCOPES) {
    if (!person.keys.some((key) => key.scope === scope && !key.dead)) await addToken(world, person, scope);
  }
}

const endSession: Choose = ({ world, model, people }, random) => {
  const person = random.pick(people);
  const key = person.keys.find(({ kind, dead }) => kind === 'session' && !dead);
  if (key === undefined || model.inactive.has(person.email)) return undefined;
  return {
    name: `end a session of ${person.email}`,
    person,
    async take() {
      await addSession(world, person);
      await world.admin('endUserSession', { params: { id: person.id, session_id: key.id } });
      key.dead = true;
      forgetDeadKeys(person);
    },
  };
};

/** A few of them are asked again and again. */
function forgetDeadKeys({ keys }: Holder): void {
  const dead = keys.filter((key) => key.dead);
  for (const key of dead.slice(0, -MOST_DEAD_KEYS)) keys.splice(keys.indexOf(key), 1);
}

const changePolicy: Choose = (lane, random) => {
  const { world, model, tables } = lane;
  const [group, table] = [random.pick(groupsOf(lane)), random.pick(tables)];
  if (group === 'Admin') return undefined;
  const there = model.policyOf(group, table.name);
  if (there !== undefined && random.next() < 0.4) {
    return {
      name: `delete the policy of ${group} on ${table.name}`,
      table: table.name,
      async take() {
        await world.admin('deletePolicy', { params: { id: there.id } });
        model.setPolicy(group, table.name, undefined);
      },
    };
  }
  const rowFilter = random.pick([undefined, ...(Object.keys(ROW_FILTERS) as RowFilterName[])]);
  const mask = random.pick([undefined, ...(Object.keys(MASKS) as MaskName[])]);
  if (rowFilter === undefined && mask === undefined) return undefined;
  const rules = {
    row_filter: rowFilter === undefined ? null : ROW_FILTERS[rowFilter].sql,
    column_masks: mask === undefined ? null : { [MASKS[mask].column]: MASKS[mask].sql },
  };
  return {
    name: `${group} sees of ${table.name}: ${rowFilter ?? 'every row'}, ${mask ?? 'no mask'}`,
    table: table.name,
    async take() {
      const { body } =
        there === undefined
          ? await world.admin('createPolicy', { body: { table_id: table.id, group_id: group, ...rules } })
          : await world.admin('updatePolicy', { params: { id: there.id }, body: rules });
      model.setPolicy(group, table.name, { id: body.id, rowFilter, mask });
    },
  };
};

const WEIGHTED: readonly [Choose, ...Choose[]] = [
  ...[grantOrRevoke, grantOrRevoke, grantOrRevoke, grantOrRevoke],
  ...[joinOrLeave, joinOrLeave, joinOrLeave, joinOrLeave],
  makeOrDropGroup,
  activateOrDeactivate,
  revokeKey,
  ...(has('endUserSession') ? [endSession] : []),
  ...(has('createPolicy') ? [changePolicy, changePolicy, changePolicy] : []),
] as unknown as readonly [Choose, ...Choose[]];
