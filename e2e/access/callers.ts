// Who asks: every kind of credential, and what stands behind it.
import { setTimeout as sleep } from 'node:timers/promises';
import { SCOPES } from './expected.ts';
import { bearer, type Headers, type Person, SCHEDULER_TOKEN, SERVER_URL, SESSION_COOKIE, type World } from './world.ts';

/** What a caller's credential is good for, in the words of the declaration. */
export interface Standing {
  readonly credential: 'none' | 'invalid' | 'deactivated' | 'session' | 'token' | 'scheduler';
  /** Of an access token. */
  readonly scope?: string;
  readonly isAdmin: boolean;
  /** Whether a group of theirs is granted the table that the inputs name. */
  readonly isGranted: boolean;
  /** The credential is a cookie, and the request does not show that it comes from the server's own pages. */
  readonly unprovenCookie?: boolean;
  /** The request shows that it comes from the server's own pages. */
  readonly isBrowser?: boolean;
  /** The request asks to see what this person sees. */
  readonly viewAs?: { readonly isGranted: boolean; readonly isAdmin: boolean };
}

export interface Caller {
  readonly name: string;
  readonly standing: Standing;
  headers(): Headers;
  /** Whose tokens and sessions the inputs may name; undefined for who has none. */
  readonly person: Person | undefined;
  /** Makes the credential anew where an operation ends it. */
  renew?(): Promise<void>;
}

const nobody = { isAdmin: false, isGranted: false };
const analyst = { isAdmin: false, isGranted: true };
const admin = { isAdmin: true, isGranted: false };

/** Signs in everybody, and makes tokens of every scope, for an analyst and for an administrator. */
export async function makeCallers(world: World): Promise<Caller[]> {
  const nora = await world.person('nora@example.com');
  const ana = await world.person('ana@example.com', ['analysts']);
  const otto = await world.person('otto@example.com', ['others']);
  const root = await world.person('root@example.com', ['Admin']);
  const callers: Caller[] = [
    { name: 'anonymous', standing: { ...nobody, credential: 'none' }, headers: () => ({}), person: undefined },
    session(world, 'no grant', nora, nobody),
    session(world, 'grant', ana, analyst),
    session(world, 'other group', otto, nobody),
    session(world, 'admin', root, admin),
    ...(await badTokens(world, root)),
    ...(await deactivated(world)),
  ];
  for (const scope of SCOPES) {
    for (const [owner, person, standing] of [['analyst', ana, analyst] as const, ['admin', root, admin] as const]) {
      const { token } = await world.mint(person, { scope });
      callers.push({
        name: `${scope} token of an ${owner}`,
        standing: { ...standing, credential: 'token', scope },
        headers: () => bearer(token),
        person,
      });
    }
  }
  callers.push({
    name: 'scheduler token',
    standing: { ...nobody, credential: 'scheduler' },
    headers: () => bearer(SCHEDULER_TOKEN),
    person: undefined,
  });
  return [...callers, ...(await cookies(world)), ...views(world, { root, ana, nora })];
}

function session(world: World, name: string, person: Person, who: typeof nobody, extra: Headers = {}): Caller {
  return {
    name,
    standing: { ...who, credential: 'session' },
    headers: () => ({ ...bearer(person.session), ...extra }),
    person,
    async renew() {
      person.session = await world.signIn(person.email);
    },
  };
}

/** Tokens that an administrator had: nothing but the token itself is in the way. */
async function badTokens(world: World, root: Person): Promise<Caller[]> {
  const revoked = await world.mint(root);
  await world.call('revokeToken', bearer(root.session), { params: { id: revoked.id } });
  const expired = await world.mint(root, { ttl_seconds: 1 });
  await sleep(1_500);
  const good = await world.mint(root);
  const wrong = `${good.token.slice(0, -1)}${good.token.endsWith('0') ? '1' : '0'}`;
  return Object.entries({ revoked: revoked.token, expired: expired.token, wrong }).map(([name, token]) => ({
    name: `${name} token`,
    standing: { ...admin, credential: 'invalid' },
    headers: () => bearer(token),
    person: undefined,
  }));
}

async function deactivated(world: World): Promise<Caller[]> {
  const dana = await world.person('dana@example.com', ['Admin', 'analysts']);
  const { token } = await world.mint(dana);
  await world.admin('deactivateUser', { params: { id: dana.id } });
  return [
    // Its sessions have ended; its tokens wait for its return.
    { name: 'session of a deactivated account', token: dana.session, credential: 'invalid' as const },
    { name: 'token of a deactivated account', token, credential: 'deactivated' as const },
  ].map(({ name, token, credential }) => ({
    name,
    standing: { isAdmin: true, isGranted: true, credential },
    headers: () => bearer(token),
    person: undefined,
  }));
}

const PROOFS: readonly {
  readonly name: string;
  readonly headers: (url: string) => Headers;
  readonly proves: boolean;
}[] = [
  { name: 'no proof of origin', headers: () => ({}), proves: false },
  { name: 'Sec-Fetch-Site: cross-site', headers: () => ({ 'sec-fetch-site': 'cross-site' }), proves: false },
  { name: 'Sec-Fetch-Site: same-site', headers: () => ({ 'sec-fetch-site': 'same-site' }), proves: false },
  { name: 'Sec-Fetch-Site: same-origin', headers: () => ({ 'sec-fetch-site': 'same-origin' }), proves: true },
  { name: 'another Origin', headers: () => ({ origin: 'https://example.com' }), proves: false },
  { name: 'Origin: null', headers: () => ({ origin: 'null' }), proves: false },
  { name: 'its own Origin', headers: (url) => ({ origin: url }), proves: true },
];

/** A browser's session of an administrator. Only what changes something has to show where it comes from. */
async function cookies(world: World): Promise<Caller[]> {
  return Promise.all(
    PROOFS.map(async (proof, index) => {
      const person = await world.person(`browser${index}@example.com`, ['Admin']);
      return {
        name: `cookie, ${proof.name}`,
        standing: {
          ...admin,
          credential: 'session' as const,
          ...(proof.proves ? { isBrowser: true } : { unprovenCookie: true }),
        },
        headers: () => ({ cookie: `${SESSION_COOKIE}=${person.session}`, ...proof.headers(SERVER_URL) }),
        person,
        async renew() {
          person.session = await world.signIn(person.email);
        },
      };
    }),
  );
}

interface Viewers {
  readonly root: Person;
  readonly ana: Person;
  readonly nora: Person;
}

function views(world: World, { root, ana, nora }: Viewers): Caller[] {
  const as = (person: Person): Headers => ({ 'x-agnes-view-as': person.email });
  return [
    { ...session(world, 'admin who views as an analyst', root, admin, as(ana)), viewAs: analyst },
    { ...session(world, 'admin who views as one without a grant', root, admin, as(nora)), viewAs: nobody },
    { ...session(world, 'analyst who views as an admin', ana, analyst, as(root)), viewAs: admin },
    { ...session(world, 'one without a grant who views as an analyst', nora, nobody, as(ana)), viewAs: analyst },
  ].map(({ viewAs, ...caller }) => ({ ...caller, standing: { ...caller.standing, viewAs } }));
}
