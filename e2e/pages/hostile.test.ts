import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePort, type Page } from '@agnes/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { heading, type Person, place, startWorld, type Visit, type World } from './world.ts';

let world: World;
let ana: Person & { readonly id: string };

beforeAll(async () => {
  world = await startWorld();
  ana = await world.admin.add('ana');
}, 60_000);
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

/** What text would have to become for something to run, or to be taken for a part of the page. */
const PLANTED = [
  '<x-planted></x-planted>',
  '"><x-planted>',
  "'><x-planted>",
  '</title><x-planted>',
  '<script>document.title="planted"</script>',
  '<img src=x onerror=document.title="planted">',
  '" autofocus onfocus=document.title="planted" x="',
  '<svg/onload=document.title="planted">',
  '</textarea><iframe src=javascript:parent.document.title="planted">',
  '&lt;x-planted&gt;&#60;x-planted&#62;',
] as const;
/** As many at once as a name may have letters. */
const TEXTS = [PLANTED.slice(0, 6).join(''), PLANTED.slice(6, 8).join(''), PLANTED.slice(8).join('')];

describe('text that other people wrote', () => {
  /** Elements and attributes that no template of ours has. */
  const foreign = (page: Page): Promise<number> =>
    page
      .locator(
        'x-planted, script, img, svg, iframe, textarea:not(#token), object, embed, base, style, [onerror], [onfocus], [onload], [style], [x], [href^="javascript"]',
      )
      .count();

  it('is shown as it is on every page where it can stand, and is nothing but text', async () => {
    let shown = 0;
    // With scripts on: what could run would.
    const look = async (visit: Visit, text: string, path?: string): Promise<void> => {
      const { page } = visit;
      if (path !== undefined) await page.goto(path);
      expect(await foreign(page), `${text} at ${place(page)}`).toBe(0);
      expect(await page.title()).not.toBe('planted');
      const values = await page
        .locator('input')
        .evaluateAll((all) => all.map((one) => (one as { value?: string }).value));
      const seen = [(await page.locator('body').textContent()) ?? '', await page.title(), ...values].join('\n');
      expect(seen, `${text} at ${place(page)}`).toContain(text);
      shown += 1;
    };
    const absent = async (visit: Visit, path: string): Promise<void> => {
      await visit.page.goto(path);
      expect(await foreign(visit.page), path).toBe(0);
      expect(await visit.page.title()).not.toBe('planted');
      shown += 1;
    };

    await using anonymous = await world.visit({ javaScript: true });
    for (const [index, text] of TEXTS.entries()) {
      const query = encodeURIComponent(text);
      for (const path of [`/login?next=/${query}&error=${query}`, `/login?done=${query}`, `/${query}`]) {
        await absent(anonymous, path);
      }
      for (const path of [`/login/link?token=${query}`, `/login/password?token=${query}`])
        await absent(anonymous, path);
      for (const path of ['/login', '/login/email', '/login/forgot']) {
        const { page } = anonymous;
        await page.goto(path);
        await page
          .locator('form')
          .first()
          .evaluate((form) => form.setAttribute('novalidate', ''));
        await page.getByLabel('E-mail address').evaluate((input, value) => {
          Object.assign(input, { type: 'text', value });
        }, text);
        if (path === '/login') await page.getByLabel('Password').fill('wrong');
        const loaded = page.waitForEvent('load');
        await page.locator('form button').first().click();
        await loaded;
        await look(anonymous, text);
      }

      const person = await world.admin.add(`planted${index}`, { name: text });
      const { id } = await world.admin.call('POST', '/api/admin/groups', { name: text });
      await world.admin.call('POST', `/api/admin/groups/${id}/members`, { email: person.email });
      await using visit = await world.visit({ javaScript: true, userAgent: text });
      await visit.signIn(person);
      await look(visit, text, '/account');
      // A list shows the beginning of a long one.
      await look(visit, text.slice(0, 60), '/account/sessions');
      await visit.page.goto('/account/tokens');
      await visit.page.getByLabel('Name', { exact: true }).fill(text);
      await visit.page.getByRole('button', { name: 'Make the token' }).click();
      await visit.page.getByLabel('Your new token').waitFor();
      await look(visit, text);
      await look(visit, text, '/account/tokens');
      await look(visit, text, `/login/device?user_code=${query}`);
      const started = await fetch(`${world.server.url}/auth/device/start`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-forwarded-for': `10.9.9.${index}` },
        body: JSON.stringify({ client_name: text }),
      });
      const { verification_uri_complete: confirm } = (await started.json()) as { verification_uri_complete: string };
      await look(visit, text, confirm);
      expect([...anonymous.trouble, ...visit.trouble]).toEqual([]);
    }
    process.stdout.write(`planted text: ${PLANTED.length} texts, ${shown} pages looked at, elements of theirs: 0\n`);
  });
});

describe('where a sign-in leads', () => {
  const ELSEWHERE = [
    'https://evil.example',
    'http://evil.example/account',
    '//evil.example',
    '///evil.example',
    '////evil.example',
    '/\\evil.example',
    '\\/evil.example',
    '\\\\evil.example',
    '/\\/evil.example',
    '/%09/evil.example',
    '/\t/evil.example',
    '/\n/evil.example',
    '\t//evil.example',
    ' //evil.example',
    '/%2f%2fevil.example',
    '/%2Fevil.example',
    '/%5cevil.example',
    '/.//evil.example',
    '/..//evil.example',
    '/a/..//evil.example',
    '/./\\evil.example',
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'data:text/html,<p>hello',
    'evil.example',
    '@evil.example',
    ':80@evil.example',
    '/\u0000/evil.example',
    '/\r\nSet-Cookie: planted=1',
    'https:evil.example',
    'https:/evil.example',
    '/%E0%A4%A',
    '?next=//evil.example',
    '#//evil.example',
    '',
  ];

  it('is a path of this server, whatever `next` says, by form and when signed in already', async () => {
    await using visit = await world.visit({ javaScript: true });
    const { page, context } = visit;
    const { origin } = new URL(world.server.url);
    const form = (next: string) =>
      context.request.post('/login', {
        form: { ...ana, next },
        headers: { 'sec-fetch-site': 'same-origin' },
        maxRedirects: 0,
      });
    for (const next of ELSEWHERE) {
      const answer = await form(next);
      expect([answer.status(), answer.headers().location], JSON.stringify(next)).toEqual([303, '/']);
    }
    // The last of these signed this browser in. What it makes of the addresses itself is seen with a part of them.
    for (const [index, next] of ELSEWHERE.entries()) {
      const path = `/login?${new URLSearchParams({ next })}`;
      const answer = await context.request.get(path, { maxRedirects: 0 });
      expect([answer.status(), answer.headers().location], JSON.stringify(next)).toEqual([303, '/']);
      if (index % 4 !== 0) continue;
      await page.goto(path);
      expect(page.url(), JSON.stringify(next)).toBe(`${origin}/account`);
    }
    for (const next of ['/account', '/account/tokens?done=x', '/login/device?user_code=AB%2FC', '/é?ü=1#there']) {
      const answer = await form(next);
      expect(new URL(answer.headers().location ?? '', origin).href).toBe(new URL(next, origin).href);
    }
    expect((await context.cookies()).map(({ name }) => name)).toEqual(['agnes_session']);
    expect(visit.trouble).toEqual([]);
    process.stdout.write(`open redirects: ${ELSEWHERE.length * 2} tries, ways out: 0\n`);
  });
});

describe('pages of other sites', () => {
  let attacker: Server;
  let port = 0;
  let served = '';

  beforeAll(async () => {
    attacker = createServer((_, response) => {
      response.setHeader('content-type', 'text/html');
      response.end(served);
    });
    await new Promise<void>((resolve) => attacker.listen(0, '127.0.0.1', resolve));
    port = (attacker.address() as AddressInfo).port;
  });
  afterAll(async () => {
    attacker?.closeAllConnections();
    await new Promise((resolve) => attacker?.close(resolve));
  });

  it('can send no form here: neither of another site nor of another port of this host', async () => {
    await using visit = await world.visit({ javaScript: true });
    const { page, context } = visit;
    await visit.signIn(ana);
    const [cookie] = await context.cookies(world.server.url);
    const tokens = (await world.admin.call('GET', '/auth/admin/tokens')).length;
    const { url } = world.server;
    const forms: readonly (readonly [string, Readonly<Record<string, string>>, string?])[] = [
      ['/logout', {}],
      ['/login', { email: world.server.admin.email, password: world.server.admin.password }],
      ['/account/tokens', { name: 'theirs', scope: 'general', expires: 'never', as: ana.id }],
      ['/account/tokens', { name: 'theirs', scope: 'general', expires: 'never', as: ana.id }, 'text/plain'],
      ['/account/tokens', { name: 'theirs', scope: 'general', expires: 'never', as: ana.id }, 'multipart/form-data'],
      ['/account/sessions/end-others', { as: ana.id }],
      ['/login/device', { user_code: 'ABCD-EFGH', answer: 'approve', as: ana.id }],
      ['/auth/tokens', { '{"name":"theirs","x":"': '"}' }, 'text/plain'],
    ];
    let refused = 0;
    // `localhost` is another site. Another port of 127.0.0.1 is the same site: the cookie comes along, and SameSite is no help.
    for (const origin of [`http://localhost:${port}`, `http://127.0.0.1:${port}`]) {
      for (const [path, fields, type = 'application/x-www-form-urlencoded'] of forms) {
        const inputs = Object.entries(fields).map(([name, value]) => `<input name='${name}' value='${value}'>`);
        served = `<form method=post action='${url}${path}' enctype='${type}'>${inputs.join('')}</form><script>document.forms[0].submit()</script>`;
        await page.goto(origin);
        await page.waitForURL(`${url}${path}`);
        // Another site's request has no cookie, and this operation, which takes no form, needs to know who asks.
        const isNobody = path === '/auth/tokens' && origin.includes('localhost');
        expect(await heading(page), path).toBe(isNobody ? 'You are not signed in' : 'The form was not accepted');
        refused += 1;
      }
    }
    expect(await context.cookies(world.server.url)).toEqual([cookie]);
    expect(await world.admin.call('GET', '/auth/admin/tokens')).toHaveLength(tokens);
    await page.goto('/account');
    expect(await heading(page)).toBe('Account');
    process.stdout.write(`forms of other sites: ${refused} sent in a browser, done: 0\n`);
  });

  it('cannot put a page of ours into a frame', async () => {
    await using visit = await world.visit({ javaScript: true });
    const { page } = visit;
    served = `<iframe src='${world.server.url}/login'></iframe>`;
    await page.goto(`http://127.0.0.1:${port}`);
    await expect.poll(() => visit.trouble.join('\n')).toMatch(/frame/i);
    const [, frame] = page.frames();
    expect((await frame?.content().catch(() => '')) ?? '').not.toContain('E-mail address');
  });
});

describe('a server without TLS that browsers do not take for their own machine', () => {
  it('takes its own forms by their origin, as there is no Sec-Fetch-Site, and no others', async () => {
    const at = await freePort();
    const origin = `http://agnes.test:${at}`;
    await using plain = await startWorld({ PORT: String(at), SERVER_URL: origin });
    const person = await plain.admin.add('gus');
    await using visit = await plain.visit();
    const { page } = visit;
    const headers: Record<string, string>[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST') void request.allHeaders().then((all) => headers.push(all));
    });
    await page.goto(`${origin}/login?next=/account/tokens`);
    await page.getByLabel('E-mail address').fill(person.email);
    await page.getByLabel('Password').fill(person.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL(`${origin}/account/tokens`);
    expect(headers).toMatchObject([{ origin }]);
    expect(headers[0]).not.toHaveProperty('sec-fetch-site');
    // By another name of the same server a form has another origin.
    await page.goto(`http://127.0.0.1:${at}/login`);
    await page.getByLabel('E-mail address').fill(person.email);
    await page.getByLabel('Password').fill(person.password);
    const answer = await visit.context.request.post(`http://127.0.0.1:${at}/login`, {
      form: { ...person },
      headers: { origin: `http://127.0.0.1:${at}` },
    });
    expect(answer.status()).toBe(403);
  });
});
