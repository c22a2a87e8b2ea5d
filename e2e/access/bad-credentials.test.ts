// Credentials that do not hold, and headers that no client sends: one shape of answer, and nobody is let in by an oddity.
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusalText } from './alike.ts';
import type { Answer } from './http.ts';
import { bearer, type Headers, PASSWORD, type Person, SESSION_COOKIE, startWorld, type World } from './world.ts';

let world: World;
let ana: Person;
let token: string;
beforeAll(async () => {
  world = await startWorld();
  ana = await world.person('ana@example.com', ['analysts']);
  token = (await world.mint(ana)).token;
});
afterAll(() => world?.[Symbol.asyncDispose]());

const me = (headers: Headers): Promise<Answer> => world.call('me', headers);
const flipped = (text: string, at: number): string =>
  `${text.slice(0, at)}${text[at] === 'a' ? 'b' : 'a'}${text.slice(at + 1)}`;

/** Tokens that were never good, or are not any more, by what is wrong with them. */
async function badTokens(): Promise<Record<string, string[]>> {
  const revoked = await world.mint(ana);
  await world.admin('revokeAnyToken', { params: { id: revoked.id } });
  const gone = await world.person('gone@example.com');
  const orphan = await world.mint(gone);
  await world.admin('deleteUser', { params: { id: gone.id } });
  const ended = await world.signIn(ana.email);
  await world.call('signOut', bearer(ended));
  return {
    'revoked, ended or of a deleted account': [revoked.token, orphan.token, gone.session, ended],
    'truncated, at every length': Array.from({ length: token.length - 1 }, (_, length) => token.slice(0, length + 1)),
    'one character changed, at every place': Array.from(token, (_, at) => flipped(token, at)),
    'longer than it should be': [`${token}0`, `${token}${token}`, token + 'A'.repeat(10_000)],
    'in other letter case': [token.toLowerCase(), token.toUpperCase()],
    'of another kind': [
      token.replace('_pat_', '_ses_'),
      ana.session.replace('_ses_', '_pat_'),
      'agnes_pat_',
      'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.',
      'null',
      'undefined',
      '0',
    ],
  };
}

describe('a token that does not hold', () => {
  it('has the same answer whatever is wrong with it', async () => {
    const bad = await badTokens();
    const shapes = new Set<string>();
    const counts: string[] = [];
    for (const [what, tokens] of Object.entries(bad)) {
      counts.push(`${what}: ${tokens.length}`);
      for (const one of tokens) {
        const answer = await me(bearer(one));
        expect([answer.status, answer.body.code], `${what}: ${one.slice(0, 80)}`).toEqual([401, 'invalid_credentials']);
        shapes.add(refusalText(answer, {}));
      }
    }
    process.stdout.write(
      `bad tokens: ${Object.values(bad).flat().length} (${counts.join('; ')}), shapes: ${shapes.size}\n`,
    );
    expect([...shapes]).toHaveLength(1);
    expect((await me(bearer(token))).status).toBe(200);
  });

  it('takes about as long whatever is wrong with it, as these figures show', async () => {
    const { token: revoked, id } = await world.mint(ana);
    await world.admin('revokeAnyToken', { params: { id } });
    const unknown = (await world.mint(ana)).token;
    const kinds = { 'no token of ours': 'x'.repeat(token.length), 'wrong checksum': flipped(token, 20), revoked };
    const lines: string[] = [];
    for (const [kind, text] of Object.entries({ ...kinds, good: unknown })) {
      const times: number[] = [];
      for (let round = 0; round < 60; round += 1) {
        const start = performance.now();
        const { status } = await me(bearer(text));
        times.push(performance.now() - start);
        expect(status).toBe(kind === 'good' ? 200 : 401);
      }
      const at = (share: number): string =>
        (times.sort((a, b) => a - b)[Math.floor(times.length * share)] ?? 0).toFixed(2);
      lines.push(`${kind} ${at(0.1)}/${at(0.5)}/${at(0.9)}`);
    }
    process.stdout.write(`bad tokens, ms to the answer (p10/p50/p90 of 60): ${lines.join(', ')}\n`);
  });
});

describe('a password that does not hold', () => {
  it('has one answer for a wrong password, an unknown address and an account without a password', async () => {
    await world.admin('createUser', { body: { email: 'without@example.com' } });
    const emails = ['ana@example.com', 'nobody@example.com', 'without@example.com'];
    const times = new Map<string, number[]>(emails.map((email) => [email, []]));
    const shapes = new Set<string>();
    for (let round = 0; round < 5; round += 1) {
      for (const email of emails) {
        const body = { email, password: 'not the right pass phrase' };
        const start = performance.now();
        const answer = await world.call('signIn', {}, { body });
        times.get(email)?.push(performance.now() - start);
        shapes.add(refusalText(answer, { body }));
        expect(answer.body.code).toBe('invalid_credentials');
      }
    }
    const medians = [...times].map(([email, all]) => `${email} ${all.sort((a, b) => a - b)[2]?.toFixed(0)}`);
    process.stdout.write(
      `bad passwords: ms to the answer (median of 5): ${medians.join(', ')}; shapes: ${shapes.size}\n`,
    );
    expect(shapes.size).toBe(1);
  });

  it('is the same person in any letter case and with spaces around, and another one for look-alikes', async () => {
    for (const email of ['ANA@EXAMPLE.COM', 'Ana@Example.Com', ' ana@example.com\t', 'ana@EXAMPLE.com']) {
      const { status, body } = await world.call('signIn', {}, { body: { email, password: PASSWORD } });
      expect([status, body.user_id], email).toEqual([200, ana.id]);
    }
    for (const email of [
      'аna@example.com',
      'ana@example.com.',
      'ana+x@example.com',
      'ana@example.com\u0000',
      'anа@example.com',
    ]) {
      const { status } = await world.call('signIn', {}, { body: { email, password: PASSWORD } });
      expect([401, 422], email).toContain(status);
    }
    const again = await world.line.ask({
      method: 'POST',
      path: '/api/users',
      headers: bearer(await adminSession()),
      body: { email: 'ANA@example.com' },
    });
    expect(again.body.code).toBe('user_exists');
  });
});

async function adminSession(): Promise<string> {
  const { email, password } = world.server.admin;
  return (await world.call('signIn', {}, { body: { email, password } })).body.access_token;
}

/** Sends text as it is and answers the status, or 0 when the connection was cut; no HTTP client would send some of these. */
async function rawStatus(head: string): Promise<number> {
  const { hostname, port } = new URL(world.server.url);
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(Number(port), hostname, () => socket.write(Buffer.from(head, 'latin1')));
  let text = '';
  socket.setTimeout(10_000, () => socket.destroy());
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  // The server does not read to the end what is too long, and the rest is answered with a reset.
  socket.on('error', () => undefined);
  socket.on('close', () => resolve(text));
  return Number(/^HTTP\/1\.1 (\d+)/.exec(await promise)?.[1] ?? 0);
}

const request = (...headers: string[]): string =>
  ['GET /api/me HTTP/1.1', 'Host: agnes.example.com', 'Connection: close', ...headers, '', ''].join('\r\n');

describe('headers that no client sends', () => {
  it('let nobody in who would not be let in without them', async () => {
    const good = `Authorization: Bearer ${token}`;
    const bad = `Authorization: Bearer ${flipped(token, 20)}`;
    const cases: Record<string, readonly [head: string, statuses: readonly number[]]> = {
      'a good token': [request(good), [200]],
      'lower-case scheme and name': [request(`authorization: bearer ${token}`), [200]],
      'two headers, the good one first': [request(good, bad), [400, 401]],
      'two headers, the bad one first': [request(bad, good), [400, 401]],
      'two tokens in one header': [request(`${good}, Bearer ${token}`), [400, 401]],
      'a token without a scheme': [request(`Authorization: ${token}`), [400, 401]],
      'another scheme': [request(`Authorization: Basic ${Buffer.from(`ana:${token}`).toString('base64')}`), [400, 401]],
      'no token after the scheme': [request('Authorization: Bearer '), [400, 401]],
      'an empty header': [request('Authorization:'), [400, 401]],
      'a NUL in the token': [request(`Authorization: Bearer ${token}\0`), [400]],
      'a line feed in the token': [request(`Authorization: Bearer ${token.slice(0, 20)}\n${token.slice(20)}`), [400]],
      'a header folded over two lines': [request(`Authorization: Bearer\r\n ${token}`), [400]],
      'a header smuggled behind CR LF': [request(`X-Nothing: x\r\nAuthorization: Bearer ${flipped(token, 20)}`), [401]],
      'a lone CR': [request(`X-Nothing: x\rAuthorization: Bearer ${token}`), [400]],
      'a space before the colon': [request(`Authorization : Bearer ${token}`), [400]],
      'a token of 100 kB': [request(`Authorization: Bearer ${'A'.repeat(100_000)}`), [431, 0]],
      'a cookie of 100 kB': [request(`Cookie: ${SESSION_COOKIE}=${'A'.repeat(100_000)}`), [431, 0]],
      'latin-1 in the token': [request('Authorization: Bearer agnes_pat_\u00e9\u00e8'), [400, 401]],
      'utf-8 in the token': [
        request(`Authorization: Bearer ${Buffer.from('agnes_pat_東京').toString('latin1')}`),
        [400, 401],
      ],
      'full-width letters': [request(`Authorization: Ｂearer ${Buffer.from(token).toString('latin1')}`), [400, 401]],
      'a bad token and the cookie of a good session': [request(bad, `Cookie: ${SESSION_COOKIE}=${ana.session}`), [401]],
      'an access token in the cookie': [request(`Cookie: ${SESSION_COOKIE}=${token}`), [400, 401]],
      'the cookie twice, another one first': [
        request(`Cookie: ${SESSION_COOKIE}=x; ${SESSION_COOKIE}=${ana.session}`),
        [400, 401],
      ],
      'the session under another name': [request(`Cookie: access_token=${ana.session}; session=${ana.session}`), [401]],
      'the secure cookie over plain HTTP': [request(`Cookie: __Host-agnes_session=${ana.session}`), [401]],
      'a proxy that nobody trusts': [
        request(
          'X-Forwarded-For: 127.0.0.1',
          'X-Forwarded-User: admin@example.com',
          'X-Remote-User: admin@example.com',
        ),
        [401],
      ],
      'another method in a header': [request(bad, 'X-HTTP-Method-Override: GET'), [401]],
    };
    const wrong: string[] = [];
    for (const [what, [head, statuses]] of Object.entries(cases)) {
      const status = await rawStatus(head);
      if (!statuses.includes(status)) wrong.push(`${what}: ${status}, not ${statuses.join(' or ')}`);
    }
    process.stdout.write(`odd headers: ${Object.keys(cases).length} cases, wrong: ${wrong.length}\n`);
    expect(wrong).toEqual([]);
    expect((await me(bearer(token))).status).toBe(200);
  });
});
