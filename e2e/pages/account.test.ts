import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  alert,
  content,
  fillIn,
  heading,
  type Person,
  place,
  press,
  pressEnter,
  startWorld,
  status,
  text,
  type World,
} from './world.ts';

let world: World;
let ana: Person & { readonly id: string };
let ben: Person & { readonly id: string };

beforeAll(async () => {
  world = await startWorld();
  ana = await world.admin.add('ana');
  ben = await world.admin.add('ben');
}, 60_000);
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
});

const asToken = (token: string, path = '/api/me'): Promise<Response> =>
  fetch(world.server.url + path, { headers: { authorization: `Bearer ${token}` } });

describe('access tokens', () => {
  it('are made with a scope and an end, shown once, and revoked', async () => {
    await using visit = await world.visit();
    const { page, trouble } = visit;
    await visit.signIn(ana, '/account/tokens');
    expect(await content(page)).toContain('You have no token that works.');
    // A name of nothing but spaces passes the browser's own check.
    await page.getByLabel('Name', { exact: true }).fill('   ');
    await pressEnter(page);
    expect(await text(page.locator('#name-wrong'))).toContain('Give the token a name');
    expect(await page.locator(':focus').getAttribute('id')).toBe('name');

    await page.getByLabel('Name', { exact: true }).fill('notebook');
    await page.getByRole('radio', { name: /^Pull/ }).check();
    await page.getByLabel('How long it lasts').selectOption('A week');
    await press(page, 'button', 'Make the token');
    const token = await page.getByLabel('Your new token').inputValue();
    expect(token).toMatch(/^agnes_pat_/);
    expect(await page.locator(':focus').getAttribute('id')).toBe('token');
    expect((await asToken(token)).status).toBe(200);
    // A token to pull makes no tokens, and sees no pages.
    expect((await asToken(token, '/account/tokens')).status).toBe(403);

    const [item, ...more] = await world.admin.call('GET', '/auth/admin/tokens');
    expect(more).toEqual([]);
    expect(item).toMatchObject({ name: 'notebook', scope: 'pull', user_email: ana.email });
    const days = (Date.parse(item.expires_at) - Date.parse(item.created_at)) / 86_400_000;
    expect(days).toBe(7);

    await page.goto('/account/tokens');
    expect(await page.content()).not.toContain(token);
    expect(await text(page.locator('.list'))).toContain('notebook');
    await page.getByText('Revoke', { exact: true }).focus();
    await page.keyboard.press('Enter');
    await press(page, 'button', 'Revoke notebook for good');
    expect(await status(page)).toContain('The token is revoked.');
    expect(place(page)).toBe('/account/tokens?done=token_revoked');
    expect(await content(page)).toContain('You have no token that works.');
    expect((await asToken(token)).status).toBe(401);
    expect(trouble).toEqual([]);
  });

  it("of somebody else cannot be revoked, and look as if they weren't there", async () => {
    const { access_token } = (await (
      await fetch(`${world.server.url}/auth/token`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(ben),
      })
    ).json()) as { access_token: string };
    const made = await fetch(`${world.server.url}/auth/tokens`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${access_token}` },
      body: JSON.stringify({ name: "ben's" }),
    });
    const { id, token } = (await made.json()) as { id: string; token: string };
    await using visit = await world.visit();
    await visit.signIn(ana, '/account/tokens');
    expect(await content(visit.page)).not.toContain("ben's");
    const answers = await Promise.all(
      [id, 'tok_none'].map((one) =>
        visit.context.request.post(`/account/tokens/${one}/revoke`, {
          form: { as: ana.id },
          headers: { 'sec-fetch-site': 'same-origin' },
        }),
      ),
    );
    expect(answers.map((answer) => answer.status())).toEqual([404, 404]);
    expect((await asToken(token)).status).toBe(200);
  });
});

describe('sessions', () => {
  it('are listed with this one marked, and ended one by one or all at once', async () => {
    const dan = await world.admin.add('dan');
    await using here = await world.visit();
    await using phone = await world.visit({
      userAgent:
        'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile/15E148 Safari/604.1',
    });
    await using fox = await world.visit({
      userAgent: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0',
    });
    for (const visit of [phone, fox, here]) await visit.signIn(dan);
    const { page } = here;
    await page.goto('/account/sessions');
    const items = page.locator('.list > li');
    expect(await items.count()).toBe(3);
    expect(await text(items.nth(0))).toMatch(/^Chrome on Linux this one/);
    const others = await text(page.locator('section').nth(1));
    expect(others).toContain('Safari on iOS');
    expect(others).toContain('Firefox on Windows');
    expect(others).toMatch(/From10\.1\.0\.\d+/);

    await page.getByRole('button', { name: /^End the session of Safari on iOS/ }).focus();
    await pressEnter(page);
    expect(await status(page)).toContain('That session has ended.');
    expect(await items.count()).toBe(2);
    await phone.page.reload();
    expect(place(phone.page)).toBe('/login?next=%2Faccount');
    await fox.page.reload();
    expect(await heading(fox.page)).toBe('Account');

    await press(page, 'button', 'Sign out everywhere else');
    expect(await status(page)).toContain('You are signed out everywhere but here.');
    expect(await items.count()).toBe(1);
    await fox.page.reload();
    expect(place(fox.page)).toBe('/login?next=%2Faccount');
    await page.reload();
    expect(await heading(page)).toBe('Sessions');
  });

  it('that have ended while a form is open: nothing is done, and the way back is shown', async () => {
    const ema = await world.admin.add('ema');
    await using visit = await world.visit();
    const { page, context } = visit;
    const endings = [
      () => world.admin.call('DELETE', `/api/admin/users/${ema.id}/sessions`),
      // What a browser does with a cookie whose time is over.
      () => context.clearCookies(),
    ];
    await visit.signIn(ema);
    for (const end of endings) {
      await page.goto('/account/tokens');
      await page.getByLabel('Name', { exact: true }).fill('too late');
      await end();
      await pressEnter(page);
      expect(await heading(page)).toBe('You are not signed in');
      expect(await alert(page)).toContain('nothing was done');
      await press(page, 'link', 'Sign in');
      expect(place(page)).toBe('/login?next=%2Faccount%2Ftokens');
      await fillIn(page, ema);
      expect(place(page)).toBe('/account/tokens');
      expect(await content(page)).not.toContain('too late');
    }
  });

  it('ends with the account: a deactivated person sees the sign-in page at once', async () => {
    const fay = await world.admin.add('fay');
    await using visit = await world.visit();
    await visit.signIn(fay);
    await world.admin.call('POST', `/api/users/${fay.id}/deactivate`);
    await visit.page.reload();
    expect(place(visit.page)).toBe('/login?next=%2Faccount');
    expect(await visit.page.content()).not.toContain('Your groups');
    await visit.signIn(fay);
    expect(await alert(visit.page)).toContain('deactivated');
  });
});

describe('two tabs', () => {
  it('signed out in one, the other does nothing and says so', async () => {
    await using visit = await world.visit();
    const { page, context } = visit;
    await visit.signIn(ana, '/account/tokens');
    const other = await context.newPage();
    await other.goto('/account');
    await press(other, 'button', 'Sign out');
    await page.getByLabel('Name', { exact: true }).fill('from the tab that was left open');
    await page.getByLabel('Name', { exact: true }).focus();
    await pressEnter(page);
    expect(await heading(page)).toBe('You are not signed in');
    // To sign out once more is nothing wrong.
    await other.goto('/login');
    const again = await context.request.post('/logout', { form: {}, headers: { 'sec-fetch-site': 'same-origin' } });
    expect(again.url()).toContain('/login?done=signed_out');
  });

  it('signed in as somebody else in one, the other does nothing for them by mistake', async () => {
    await using visit = await world.visit();
    const { page, context } = visit;
    await visit.signIn(ana, '/account/tokens');
    const other = await context.newPage();
    await other.goto('/account');
    await press(other, 'button', 'Sign out');
    await fillIn(other, ben);
    expect(await content(other)).toContain(ben.email);
    const before = await world.admin.call('GET', '/auth/admin/tokens');
    await page.getByLabel('Name', { exact: true }).fill('meant to be of ana');
    await page.getByLabel('Name', { exact: true }).focus();
    await pressEnter(page);
    expect(await alert(page)).toContain('made for another account');
    expect(await world.admin.call('GET', '/auth/admin/tokens')).toHaveLength(before.length);
  });
});

describe('without mail, with local development mode', () => {
  it('says on every page who everybody is, and needs no sign-in', async () => {
    await using local = await startWorld({
      LOCAL_DEV_MODE: '1',
      AGNES_TRUSTED_PROXIES: '',
      SMTP_HOST: '',
    });
    // No address of a proxy: it would not be this machine's own request any more.
    await using visit = await local.visit({ address: null });
    const { page } = visit;
    await page.goto('/');
    expect(place(page)).toBe('/account');
    expect(await text(page.getByRole('note'))).toContain('dev@localhost');
    await page.goto('/login');
    expect(await text(page.getByRole('note'))).toContain('Local development mode.');
    await press(page, 'link', 'Go on as dev@localhost');
    expect(place(page)).toBe('/account');
    await page.goto('/login/forgot');
    expect(await content(page)).toContain('This server sends no mail.');
    expect(await page.locator('a[href="/login/email"]').count()).toBe(0);
    // Another site in the same browser makes no token with it.
    const forged = await visit.context.request.post('/account/tokens', {
      form: { name: 'x', scope: 'general', expires: 'never' },
      headers: { origin: 'http://localhost:9' },
    });
    expect(forged.status()).toBe(403);
  });
});
