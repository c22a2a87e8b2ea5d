import { startLaptop } from '@agnes/testkit';
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
let walks = 0;

beforeAll(async () => {
  world = await startWorld();
  ana = await world.admin.add('ana', { name: 'Ana' });
}, 60_000);
afterAll(async () => {
  process.stdout.write(`sign-in pages in a real browser: ${walks} ways in and out walked through\n`);
  await world?.[Symbol.asyncDispose]();
});

const walked = (): void => {
  walks += 1;
};

describe('with a password', () => {
  it('signs in and out, without a script, with the keyboard alone, and back to where one wanted to go', async () => {
    await using visit = await world.visit();
    const { page, trouble, context } = visit;
    await page.goto('/account/tokens?done=nothing');
    expect(place(page)).toBe(`/login?next=${encodeURIComponent('/account/tokens?done=nothing')}`);
    expect(await page.title()).toBe('Sign in · Agnes');
    // The address has the focus already; then password, then Enter.
    await page.keyboard.type(ana.email);
    await page.keyboard.press('Tab');
    await page.keyboard.type(ana.password);
    await pressEnter(page);
    await page.waitForURL('**/account/tokens?done=nothing');
    expect(await heading(page)).toBe('Access tokens');
    const [cookie] = await context.cookies();
    expect(cookie).toMatchObject({ name: 'agnes_session', httpOnly: true, sameSite: 'Lax', path: '/' });

    await press(page, 'link', 'Account');
    expect(await content(page)).toContain(ana.email);
    await press(page, 'button', 'Sign out');
    await page.waitForURL('**/login?done=signed_out');
    expect(await status(page)).toContain('You are signed out.');
    expect(await context.cookies()).toEqual([]);
    // The session itself has ended, not only the cookie.
    await context.addCookies(cookie === undefined ? [] : [cookie]);
    await page.goto('/account');
    expect(place(page)).toBe('/login?next=%2Faccount');
    expect(trouble).toEqual([]);
    walked();
  });

  it('shows nothing of the account when somebody goes back after signing out', async () => {
    for (const javaScript of [false, true]) {
      await using visit = await world.visit({ javaScript });
      const { page } = visit;
      await visit.signIn(ana);
      await page.waitForURL('**/account');
      await press(page, 'link', 'Sessions');
      await press(page, 'button', 'Sign out');
      await page.waitForURL('**/login?done=signed_out');
      await page.goBack();
      expect(await page.content()).not.toContain(ana.email);
      expect(await heading(page)).toBe('Sign in');
      await page.goBack().catch(() => undefined);
      expect(await page.content()).not.toContain(ana.email);
    }
    walked();
  });

  it('says what is wrong and what to do, keeps the address, and puts the focus where to go on', async () => {
    await using visit = await world.visit();
    const { page, trouble } = visit;
    await visit.signIn({ ...ana, password: 'wrong' });
    expect(await alert(page)).toMatch(/wrong\. Check both and try again, or set a new password\./);
    expect(await page.getByLabel('E-mail address').inputValue()).toBe(ana.email);
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    expect(await page.locator(':focus').getAttribute('id')).toBe('password');

    // An address of nobody gets the same page.
    const known = (await page.content()).replaceAll(ana.email, 'ADDRESS');
    await visit.signIn({ email: 'nobody@example.com', password: 'wrong' });
    expect((await page.content()).replaceAll('nobody@example.com', 'ADDRESS')).toBe(known);

    // What a browser would not send unfilled, the server finds too.
    const answer = await visit.context.request.post('/login', {
      form: { email: '', password: '' },
      headers: { 'sec-fetch-site': 'same-origin', accept: 'text/html' },
    });
    expect(answer.status()).toBe(400);
    const sent = await answer.text();
    expect(sent).toContain('Enter your e-mail address.');
    expect(sent).toContain('Enter your password.');
    expect(sent).toMatch(/id="email"[^>]*aria-describedby="email-wrong" aria-invalid="true" autofocus/);
    expect(trouble).toEqual([]);
    walked();
  });

  it('says for how long to wait after too many wrong passwords, and lets a link in meanwhile', async () => {
    const bob = await world.admin.add('bob');
    await using visit = await world.visit();
    const { page } = visit;
    await page.goto('/login');
    for (let attempt = 0; attempt < 10; attempt += 1) {
      await fillIn(page, { ...bob, password: `wrong ${attempt}` });
      expect(await alert(page)).toContain('E-mail address or password is wrong.');
    }
    await fillIn(page, bob);
    expect(await alert(page)).toMatch(
      /too many attempts in a short time\. Try again in (\d+ seconds|\d minutes)\. Or have a sign-in link sent/,
    );
    await press(page, 'link', 'have a sign-in link sent');
    await page.getByLabel('E-mail address').fill(bob.email);
    await pressEnter(page);
    await page.goto(await world.nextLink(bob.email));
    await press(page, 'button', 'Sign in');
    await page.waitForURL('**/account');
    expect(await content(page)).toContain(bob.email);
    walked();
  });

  it('ends the session that a browser had when somebody else signs in with it', async () => {
    const cleo = await world.admin.add('cleo');
    await using visit = await world.visit();
    const { page, context } = visit;
    await visit.signIn(ana);
    await page.waitForURL('**/account');
    const [before] = await context.cookies();
    const second = await context.newPage();
    await second.goto('/login?error=cancelled');
    await fillIn(second, cleo);
    await second.waitForURL('**/account');
    expect(await content(second)).toContain(cleo.email);
    const still = await fetch(`${world.server.url}/api/me`, {
      headers: { cookie: `${before?.name}=${before?.value}` },
    });
    expect(still.status).toBe(401);
    walked();
  });

  it('lets somebody in again whose cookie is of no use any more, or never was', async () => {
    await using visit = await world.visit();
    const { page, context } = visit;
    for (const value of ['garbage', 'agnes_ses_0000', '%00', 'a'.repeat(3000), '"', '=']) {
      await context.addCookies([{ name: 'agnes_session', value, url: world.server.url }]);
      await visit.signIn(ana);
      await page.waitForURL('**/account');
    }
    walked();
  });
});

describe('with a link by mail', () => {
  it('signs in when the button is pressed, once; a program that only opens links uses up nothing', async () => {
    await using visit = await world.visit();
    const { page, trouble } = visit;
    await page.goto('/login');
    await press(page, 'link', 'E-mail me a sign-in link');
    await page.getByLabel('E-mail address').fill('ANA@Example.com');
    await pressEnter(page);
    expect(await heading(page)).toBe('Look into your mail');
    expect(await status(page)).toContain(`If there is an account for ${ana.email}`);
    const link = await world.nextLink(ana.email);
    expect(link).toMatch(new RegExp(`^${world.server.url}/login/link\\?token=\\w{43}$`));
    for (let scan = 0; scan < 3; scan += 1) expect((await fetch(link)).status).toBe(200);
    expect((await fetch(link, { method: 'HEAD' })).status).toBe(200);

    await page.goto(link);
    expect(await content(page)).toContain(`You will be signed in as ${ana.email}`);
    await pressEnter(page);
    await page.waitForURL('**/account');
    expect(await content(page)).toContain('with a link by mail');
    // The token stands in no address after the one of the mail, and no address of ours told it to anybody.
    expect(page.url()).not.toContain('token');

    await using other = await world.visit();
    await other.page.goto(link);
    expect(await heading(other.page)).toBe('The link does not work any more');
    await other.page.getByRole('link', { name: 'Ask for a new link' }).click();
    expect(place(other.page)).toBe('/login/email');
    expect([...trouble, ...other.trouble]).toEqual([]);
    walked();
  });

  it('of two tabs that have it open, one signs in and the other says that the link is used', async () => {
    await using visit = await world.visit();
    await using other = await world.visit();
    await visit.page.goto('/login/email');
    await visit.page.getByLabel('E-mail address').fill(ana.email);
    await pressEnter(visit.page);
    const link = await world.nextLink(ana.email);
    await visit.page.goto(link);
    await other.page.goto(link);
    await Promise.all([visit, other].map((tab) => press(tab.page, 'button', 'Sign in')));
    expect((await Promise.all([heading(visit.page), heading(other.page)])).sort()).toEqual([
      'Account',
      'The link does not work any more',
    ]);
    walked();
  });

  it('does not tell whether there is an account, and mails nobody who has none', async () => {
    await using visit = await world.visit();
    const { page } = visit;
    await page.goto('/login/email');
    await page.getByLabel('E-mail address').fill('nobody@example.com');
    await pressEnter(page);
    const unknown = (await page.locator('main').innerHTML()).replaceAll('nobody@example.com', 'ADDRESS');
    await page.goto('/login/email');
    await page.getByLabel('E-mail address').fill(ana.email);
    await pressEnter(page);
    expect((await page.locator('main').innerHTML()).replaceAll(ana.email, 'ADDRESS')).toBe(unknown);
    await world.nextLink(ana.email);
    walked();
  });
});

describe('with a link to set a password', () => {
  it('sets one after saying what is wrong with the first tries, and signs in', async () => {
    const dora = await world.admin.add('dora');
    await using old = await world.visit();
    await old.signIn(dora);
    await old.page.waitForURL('**/account');

    await using visit = await world.visit();
    const { page, trouble } = visit;
    await page.goto('/login');
    await press(page, 'link', 'Forgot your password?');
    await page.getByLabel('E-mail address').fill(dora.email);
    await pressEnter(page);
    const link = await world.nextLink(dora.email);
    await page.goto(link);
    expect(await heading(page)).toBe('Set a new password');
    expect(await page.getByLabel('Account').inputValue()).toBe(dora.email);
    expect(await page.locator('input[type=password][autocomplete=new-password]').count()).toBe(2);
    expect(await text(page.locator('#password-hint'))).toContain('At least 8 characters');

    const send = async (password: string, repeated: string): Promise<void> => {
      await page.getByLabel('New password').fill(password);
      await page.getByLabel('The same once more').fill(repeated);
      await pressEnter(page);
    };
    await send('short', 'short');
    expect(await text(page.locator('#password-wrong'))).toContain('fewer than 8 characters');
    expect(await page.locator(':focus').getAttribute('id')).toBe('password');
    await send('a whole new phrase', 'a whole new phrasee');
    expect(await text(page.locator('#repeated-wrong'))).toContain('Type both again');
    expect(await page.locator(':focus').getAttribute('id')).toBe('repeated');
    expect(await page.getByLabel('New password').inputValue()).toBe('');
    expect(await content(page)).toContain('Choose a new password. Everywhere else you will be signed out.');
    await send('a whole new phrase', 'a whole new phrase');
    await page.waitForURL('**/account?done=password_set_signed_out');
    expect(await status(page)).toContain('Your password is set. Everywhere else you were signed out.');

    await old.page.reload();
    expect(place(old.page)).toBe('/login?next=%2Faccount');
    await old.signIn(dora);
    expect(await alert(old.page)).toContain('wrong');
    await old.signIn({ ...dora, password: 'a whole new phrase' });
    await old.page.waitForURL('**/account');
    await page.goto(link);
    expect(await heading(page)).toBe('The link does not work any more');
    expect(trouble).toEqual([]);
    walked();
  });

  it('welcomes somebody who is invited, and takes their name', async () => {
    const { id } = await world.admin.call('POST', '/api/users', { email: 'eva@example.com' });
    const { invite_url } = await world.admin.call('POST', `/api/users/${id}/invite`);
    expect(await world.nextLink('eva@example.com')).toBe(invite_url);
    await using visit = await world.visit();
    const { page } = visit;
    await page.goto(invite_url);
    expect(await heading(page)).toBe('Welcome');
    await page.getByLabel('Your name').fill('Eva Nováková');
    await page.getByLabel('New password').fill('eva has a phrase');
    await page.getByLabel('The same once more').fill('eva has a phrase');
    await pressEnter(page);
    await page.waitForURL('**/account?done=password_set');
    expect(await content(page)).toContain('Eva Nováková');
    expect(await content(page)).not.toContain('signed out');
    walked();
  });

  it('says nothing of being signed out to somebody who was signed in nowhere else', async () => {
    const { id } = await world.admin.call('POST', '/api/users', { email: 'fia@example.com' });
    await using visit = await world.visit();
    const { page } = visit;
    const setBy = async (first: boolean): Promise<void> => {
      const { reset_url } = await world.admin.call('POST', `/api/users/${id}/reset-password`);
      await page.goto(reset_url);
      expect(await heading(page)).toBe(first ? 'Set a password' : 'Set a new password');
      expect(await content(page)).not.toContain('signed out');
      await page.getByLabel('New password').fill('fia has a phrase');
      await page.getByLabel('The same once more').fill('fia has a phrase');
      await pressEnter(page);
      await page.waitForURL('**/account?done=password_set');
      expect(await status(page)).toBe('Your password is set.');
    };
    await setBy(true);
    // Signed in here, and here again afterwards.
    await setBy(false);
    walked();
  });

  it('shows what to do on a laptop until there is a device or a token', async () => {
    const { id } = await world.admin.call('POST', '/api/users', { email: 'gil@example.com' });
    const { invite_url } = await world.admin.call('POST', `/api/users/${id}/invite`);
    const gil = { email: 'gil@example.com', password: 'gil has a phrase' };
    await using visit = await world.visit();
    const { page } = visit;
    await page.goto(invite_url);
    await page.getByLabel('New password').fill(gil.password);
    await page.getByLabel('The same once more').fill(gil.password);
    await pressEnter(page);
    const steps = page.getByRole('heading', { name: 'Next, on your laptop' });
    expect(await steps.count()).toBe(1);
    expect(await page.locator('pre').allTextContents()).toEqual([
      'npm install --global @agnes/cli',
      `agnes auth login --server ${world.server.url}`,
      `agnes init --server-url ${world.server.url} --workspace ~/analysis`,
    ]);
    await using laptop = await startLaptop();
    const login = await laptop.start(
      ['auth', 'login', '--server', world.server.url, '--email', gil.email, '--password-stdin'],
      { input: `${gil.password}\n` },
    );
    expect((await login.exited).code, login.stderr()).toBe(0);
    await page.goto('/account');
    expect(await heading(page)).toBe('Account');
    expect(await steps.count()).toBe(0);
    walked();
  });

  it('cannot be used with a link of another kind', async () => {
    await using visit = await world.visit();
    const { page } = visit;
    await page.goto('/login/email');
    await page.getByLabel('E-mail address').fill(ana.email);
    await pressEnter(page);
    const link = new URL(await world.nextLink(ana.email));
    await page.goto(`/login/password${link.search}`);
    expect(await heading(page)).toBe('The link does not work any more');
    await page.goto(`/login/link${link.search}`);
    expect(await heading(page)).toBe('Sign in');
    walked();
  });
});
