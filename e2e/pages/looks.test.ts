import { afterAll, beforeAll, expect, it } from 'vitest';
import { alert, heading, type Person, place, press, startWorld, type Visit, type World } from './world.ts';

let world: World;
let ana: Person & { readonly id: string };

beforeAll(async () => {
  world = await startWorld({ OIDC_ISSUER: 'http://127.0.0.1:9', OIDC_CLIENT_ID: 'x', OIDC_LABEL: 'Example SSO' });
  ana = await world.admin.add('ana', { name: 'Ana' });
}, 60_000);
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

/**
 * In the page: each text's contrast with the nearest background behind it, and the fields that nothing names. WCAG 2.2,
 * 1.4.3: 4.5 : 1, or 3 : 1 from 24 px, or from 18.66 px in bold.
 */
const EXAMINE = `(() => {
  const channels = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const poor = [];
  let texts = 0;
  for (const element of document.body.querySelectorAll('*')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
    if (!own && !['INPUT', 'SELECT'].includes(element.tagName)) continue;
    if (element.getClientRects().length === 0 || element.type === 'hidden') continue;
    texts += 1;
    const style = getComputedStyle(element);
    const [light, dark] = [luminance(channels(style.color)), luminance(behind(element))].sort((a, b) => b - a);
    const ratio = (light + 0.05) / (dark + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) poor.push(element.outerHTML.slice(0, 80) + ' ' + ratio.toFixed(2));
  }
  const nameless = [...document.querySelectorAll('input:not([type=hidden]), select')]
    .filter((field) => field.labels.length === 0).map((field) => field.outerHTML);
  const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
  const broken = [...document.querySelectorAll('[aria-describedby]')]
    .flatMap((element) => element.getAttribute('aria-describedby').split(' ')).filter((id) => !ids.includes(id));
  return {
    texts, poor, nameless, broken,
    twice: ids.filter((id, index) => ids.indexOf(id) !== index),
    wider: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    small: [...document.querySelectorAll('button, .button')].filter((one) => one.getBoundingClientRect().height < 24).length,
    language: document.documentElement.lang,
    headings: document.querySelectorAll('h1').length,
    styled: getComputedStyle(document.body).margin === '0px',
  };
})()`;

interface Examined {
  readonly texts: number;
}

const OPEN = [
  '/login',
  '/login?error=cancelled',
  '/login?done=signed_out',
  '/login/email',
  '/login/forgot',
  '/login/link',
  '/nowhere',
];
const SIGNED_IN = [
  '/account',
  '/account/tokens',
  '/account/sessions',
  '/login/device',
  '/login/device?user_code=NO-SUCH',
];

it('every page can be read and used on a phone and a wide screen, in light and in dark', async () => {
  const titles = new Map<string, string>();
  let pages = 0;
  let texts = 0;
  const look = async ({ page, trouble }: Visit): Promise<void> => {
    const found = (await page.evaluate(EXAMINE)) as Examined;
    expect(found, place(page)).toMatchObject({
      poor: [],
      nameless: [],
      broken: [],
      twice: [],
      wider: 0,
      small: 0,
      language: 'en',
      headings: 1,
      styled: true,
    });
    expect(trouble).toEqual([]);
    titles.set(await heading(page), await page.title());
    pages += 1;
    texts += found.texts;
  };
  // Colours do not change with the width.
  for (const [width, dark] of [
    [320, true],
    [1280, false],
  ] as const) {
    await using visit = await world.visit({ javaScript: true, width, dark });
    const { page } = visit;
    for (const path of OPEN) {
      await page.goto(path);
      await look(visit);
    }
    await visit.signIn({ ...ana, password: 'wrong' });
    await look(visit);
    await visit.signIn(ana);
    for (const path of SIGNED_IN) {
      await page.goto(path);
      await look(visit);
    }
    await page.goto('/account/tokens');
    await page.getByLabel('Name', { exact: true }).fill(`a name without a space ${'x'.repeat(100)}`);
    await page.getByRole('button', { name: 'Make the token' }).click();
    const hidden = await page
      .getByLabel('Your new token')
      .evaluate((shown) => [shown.scrollWidth - shown.clientWidth, shown.scrollHeight - shown.clientHeight]);
    expect(hidden).toEqual([0, 0]);
    await page.locator('details > summary').first().click();
    await look(visit);
    const started = await fetch(`${world.server.url}/auth/device/start`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ client_name: 'agnes on a laptop' }),
    });
    await page.goto(((await started.json()) as { verification_uri_complete: string }).verification_uri_complete);
    await look(visit);
  }
  for (const [name, title] of titles) expect(title).toBe(`${name} · Agnes`);
  process.stdout.write(`looks: ${pages} pages, ${texts} texts, contrast below WCAG AA: 0, fields without a name: 0\n`);
});

it('a provider that cannot be reached: the page names the request under which the log says why', async () => {
  await using visit = await world.visit();
  const { page } = visit;
  await page.goto('/login');
  await press(page, 'link', 'Continue with Example SSO');
  const { pathname, searchParams } = new URL(page.url());
  expect([pathname, searchParams.get('error')]).toEqual(['/login', 'provider_unavailable']);
  const id = searchParams.get('request') ?? '';
  expect(id).toMatch(/^\w{12}$/);
  expect(await alert(page)).toContain(`tell an administrator: the server's log says why, under the request ${id}.`);
  const lines = world.server.log().split('\n');
  expect(lines.filter((line) => line.includes(`cannot be used: fetch failed, bad port. Request ${id}.`))).toHaveLength(
    1,
  );
  // What is no id is not shown.
  await page.goto(`/login?error=provider_unavailable&request=${encodeURIComponent('call 555 0100')}`);
  expect(await alert(page)).toBe('The provider does not answer as it should. Try again in a while.');
});

it('pages are kept by no cache, framed by nobody, and run nothing; the stylesheet is kept for ever', async () => {
  await using visit = await world.visit();
  const { page } = visit;
  const [answer, style] = await Promise.all([page.goto('/login/link?token=x'), page.waitForResponse('**/assets/*')]);
  expect(answer?.headers()).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    'cache-control': 'no-store',
    'x-frame-options': 'DENY',
    'referrer-policy': 'strict-origin',
    'x-content-type-options': 'nosniff',
  });
  expect(style.headers()).toMatchObject({
    'content-type': 'text/css; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
  });
  // The address of the page has a token; what it loads is told of the origin alone.
  expect(await style.request().allHeaders()).toMatchObject({ referer: `${world.server.url}/` });
  expect((await visit.context.request.get('/assets/agnes-0000000000000000.css')).status()).toBe(404);
});

it('a browser gets pages where a program gets problem documents, and is sent to sign in only from pages', async () => {
  const ask = (path: string, accept: string, method = 'GET'): Promise<Response> =>
    fetch(world.server.url + path, { method, headers: { accept }, redirect: 'manual' });
  const html = 'text/html,application/xhtml+xml,*/*;q=0.8';
  const expected: readonly (readonly [string, string, number, RegExp, string?])[] = [
    ['/account', html, 302, /./, '/login?next=%2Faccount'],
    ['/account/tokens?done=x', html, 302, /./, '/login?next=%2Faccount%2Ftokens%3Fdone%3Dx'],
    ['/account', '*/*', 401, /problem\+json/],
    ['/account', 'application/json', 401, /problem\+json/],
    ['/api/me', html, 401, /^text\/html/],
    ['/auth/tokens', html, 401, /^text\/html/],
    ['/api/me', 'application/json', 401, /problem\+json/],
    ['/nowhere', html, 404, /^text\/html/],
    ['/nowhere', '*/*', 404, /problem\+json/],
    ['/api/nowhere', html, 404, /^text\/html/],
    ['/logout', html, 405, /^text\/html/],
    ['/', html, 303, /./, '/login'],
  ];
  for (const [path, accept, status, type, location] of expected) {
    const answer = await ask(path, accept);
    expect([path, accept, answer.status], path).toEqual([path, accept, status]);
    if (location === undefined) expect(answer.headers.get('content-type'), path).toMatch(type);
    else expect(answer.headers.get('location')).toBe(location);
  }
  expect((await ask('/login', html, 'HEAD')).status).toBe(200);
});
