import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAgnesError } from '@agnes/errors';
import { type Access, createAccess } from '@agnes/rbac';
import { openState, type State } from '@agnes/state';
import { testState } from '@agnes/testkit';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Auth, createAuth } from './index.ts';

const PASSWORD = 'correct horse battery';
const PEER = { ip: '192.0.2.1', userAgent: null };
const PEOPLE = ['ana@example.com', 'bo@example.com'];
const RUNS = Number(process.env.AGNES_RANDOM_RUNS ?? 2);

type Step =
  | { do: 'revoke' | 'issue' | 'sign out' | 'sign in' | 'deactivate' | 'activate' | 'password' | 'remake'; who: string }
  | { do: 'join' | 'leave'; who: string; group: string }
  | { do: 'grant' | 'take back'; group: string }
  | { do: 'rename'; group: string }
  | { do: 'wait' };

const who = fc.constantFrom(...PEOPLE);
const group = fc.constantFrom('sales', 'finance');
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('revoke', 'issue', 'sign out', 'deactivate', 'activate', 'password', 'remake', 'sign in'),
      who,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('join', 'leave'), who, group }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('grant', 'take back'), group }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rename' as const), group }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('wait' as const) }) },
);

let folder: string;
let state: State;
let access: Access;
let auth: Auth;
let clock = new Date('2026-01-01T00:00:00Z');
let root: string;
const groups = new Map<string, string>();
/** Every token that was ever given out. */
let tokens: { who: string; token: string; id: string; kind: 'session' | 'personal' }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agnes-held-access-'));
  state = await openState(await testState(join(folder, 'system.duckdb')));
  access = newAccess();
  await access.seedSystemGroups();
  auth = newAuth(access);
  await auth.seedAdmin({ email: 'root@example.com', password: PASSWORD });
  root = (await auth.getUser('root@example.com')).id;
  for (const name of ['sales', 'finance']) groups.set(name, (await access.createGroup({ name }, root)).id);
  for (const email of PEOPLE) await auth.createUser({ email, password: PASSWORD }, root);
});
afterAll(async () => {
  await auth.settled();
  await state.close();
  await rm(folder, { recursive: true, force: true });
});

function newAccess(): Access {
  const made = createAccess({ state });
  made.registerResourceType({
    key: 'table',
    display_name: 'Table',
    description: 'A table.',
    id_format: 't…',
    resolve: async (id) => ({ id, name: id }),
    listBlocks: async () => [],
    names: async () => new Map(),
  });
  return made;
}

const newAuth = (over: Access): Auth => createAuth({ state, access: over, now: () => clock, limited: false });

async function perform(change: Step): Promise<void> {
  const id = 'group' in change ? (groups.get(change.group) ?? '') : '';
  const newest = (kind: 'session' | 'personal') =>
    'who' in change ? tokens.findLast((one) => one.who === change.who && one.kind === kind) : undefined;
  switch (change.do) {
    case 'sign in': {
      const { session } = await auth.signIn(change.who, PASSWORD, PEER);
      tokens.push({ who: change.who, token: session.token, id: session.id, kind: 'session' });
      break;
    }
    case 'issue': {
      const caller = await auth.authenticate(bearer(newest('session')?.token ?? ''), PEER);
      if (caller === undefined) break;
      const issued = await auth.createToken(caller, { name: 'x', ttl_seconds: 600 });
      tokens.push({ who: change.who, token: issued.token, id: issued.id, kind: 'personal' });
      break;
    }
    case 'revoke':
      await auth.revokeToken(newest('personal')?.id ?? 'none', { by: root });
      break;
    case 'sign out': {
      const caller = await auth.authenticate(bearer(newest('session')?.token ?? ''), PEER);
      if (caller !== undefined) await auth.signOut(caller);
      break;
    }
    case 'activate':
    case 'deactivate':
      await auth.updateUser(change.who, { active: change.do === 'activate' }, root);
      break;
    case 'password':
      await auth.setPassword(change.who, PASSWORD, root);
      break;
    case 'remake':
      await auth.deleteUser(change.who, root);
      await auth.createUser({ email: change.who, password: PASSWORD }, root);
      break;
    case 'join':
      await access.addMember(id, change.who, 'admin', root);
      break;
    case 'leave':
      await access.removeMember(id, change.who, 'admin', root);
      break;
    case 'grant':
      await access.createGrant({ group_id: id, resource_type: 'table', resource_id: `t-${change.group}` }, root);
      break;
    case 'take back': {
      const [grant] = await access.listGrants({ group_id: id });
      if (grant !== undefined) await access.deleteGrant(grant.id, root);
      break;
    }
    case 'rename':
      await access.updateGroup(id, { name: `${change.group} ${Math.random()}` }, root);
      break;
    case 'wait':
      clock = new Date(clock.getTime() + 200_000);
  }
}

const bearer = (token: string): Headers => new Headers({ authorization: `Bearer ${token}` });

/** What a token opens: nothing but an error code, or who it is and what they may read. */
async function opens(over: { readonly auth: Auth; readonly access: Access }, token: string): Promise<unknown> {
  try {
    const caller = await over.auth.authenticate(bearer(token), PEER);
    if (caller === undefined) return 'nobody';
    const readable = await over.access.readable(caller, 'table');
    const can = await Promise.all(['t-sales', 't-finance'].map((id) => over.access.can(caller, 'table', id)));
    return { caller, readable: readable === 'all' ? 'all' : [...readable].sort(), can };
  } catch (error) {
    if (isAgnesError(error)) return error.code;
    throw error;
  }
}

test('while callers never stop asking, what is held is at each next question what the state says', async () => {
  let steps = 0;
  let asked = 0;
  let leaks = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 25, maxLength: 40, size: 'max' }), async (changes) => {
      tokens = tokens.slice(-4);
      for (const change of [
        ...PEOPLE.flatMap((one): Step[] => [
          { do: 'activate', who: one },
          { do: 'sign in', who: one },
          { do: 'issue', who: one },
        ]),
        ...changes,
      ]) {
        let over = false;
        // Questions that are under way when the change happens, some of which were asked before and are answered after it.
        const asking = tokens.slice(-6).map(async ({ token }) => {
          while (!over) {
            await opens({ auth, access }, token);
            // An answer from memory takes no turn of the event loop.
            await new Promise((resolve) => setImmediate(resolve));
            asked += 1;
          }
        });
        await perform(change).catch((error: unknown) => {
          if (!isAgnesError(error)) throw error;
        });
        steps += 1;
        const now = await Promise.all(tokens.map(({ token }) => opens({ auth, access }, token)));
        over = true;
        await Promise.all(asking);
        const fresh = newAccess();
        const plain = { auth: newAuth(fresh), access: fresh };
        const expected = await Promise.all(tokens.map(({ token }) => opens(plain, token)));
        const again = await Promise.all(tokens.map(({ token }) => opens({ auth, access }, token)));
        await plain.auth.settled();
        for (const [index, truth] of expected.entries()) {
          for (const held of [now[index], again[index]])
            leaks += JSON.stringify(held) === JSON.stringify(truth) ? 0 : 1;
        }
        expect([now, again], JSON.stringify(change)).toEqual([expected, expected]);
      }
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
  process.stderr.write(
    `held access on ${state.engine}: ${steps} steps, ${asked} questions meanwhile, leaks: ${leaks}\n`,
  );
  expect(leaks).toBe(0);
});
