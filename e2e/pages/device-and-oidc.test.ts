import { freePort, type OidcProviderProcess, startLaptop, startOidcProvider } from '@agnes/testkit';
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
  type World,
} from './world.ts';

let world: World;
let provider: OidcProviderProcess;
let ana: Person & { readonly id: string };

beforeAll(async () => {
  const port = await freePort();
  provider = await startOidcProvider({
    redirectUri: `http://127.0.0.1:${port}/auth/oidc/oidc/callback`,
    people: {
      ana: { email: 'ana@example.com', email_verified: true, name: 'Ana' },
      outsider: { email: 'out@elsewhere.example', email_verified: true, name: 'Out' },
    },
  });
  world = await startWorld({
    PORT: String(port),
    SERVER_URL: `http://127.0.0.1:${port}`,
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: provider.clientId,
    OIDC_CLIENT_SECRET: provider.clientSecret,
    OIDC_LABEL: 'Example SSO',
    OIDC_ALLOWED_DOMAINS: 'example.com',
  });
  ana = await world.admin.add('ana');
}, 60_000);
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await provider?.[Symbol.asyncDispose]();
});

describe('with an identity provider', () => {
  /** Signs in on the provider's own pages. */
  async function atProvider(login: string) {
    const visit = await world.visit();
    const { page, context } = visit;
    // Its pages ask for a font of another host.
    await context.route(
      (url) => url.hostname !== '127.0.0.1',
      (route) => route.abort(),
    );
    await page.goto('/account/sessions');
    await press(page, 'link', 'Continue with Example SSO');
    expect(new URL(page.url()).origin).toBe(provider.issuer);
    await page.locator('input[name=login]').fill(login);
    await page.locator('input[name=password]').fill('any');
    await pressEnter(page);
    if (page.url().startsWith(provider.issuer)) await page.locator('button[type=submit]').click();
    await page.waitForURL(`${world.server.url}/**`);
    return visit;
  }

  it('goes there, comes back signed in, to the page one wanted', async () => {
    await using visit = await atProvider('ana');
    const { page, context } = visit;
    expect(place(page)).toBe('/account/sessions');
    expect(await content(page)).toContain('with Example SSO');
    // The provider of this test has the same host, and browsers tell no ports apart.
    const ours = (await context.cookies()).map(({ name }) => name).filter((name) => name.startsWith('agnes_'));
    expect(ours).toEqual(['agnes_session']);
  });

  it('says in words why somebody may not come in, and leaves no session', async () => {
    await using visit = await atProvider('outsider');
    expect(place(visit.page)).toBe('/login?error=domain_not_allowed');
    expect(await alert(visit.page)).toBe(
      'Addresses of this domain may not sign in here. Use the account of your organisation.',
    );
    expect((await visit.context.cookies(world.server.url)).map(({ name }) => name)).not.toContain('agnes_session');
  });
});

describe('letting a command line in', () => {
  /** `agnes auth login` that waits, and the code that it shows. */
  async function waitingCli() {
    const laptop = await startLaptop();
    const cli = await laptop.start(['auth', 'login', '--server', world.server.url, '--no-browser']);
    let code: string | undefined;
    await expect
      .poll(
        () => {
          code = /with the code (\S+)/.exec(cli.stderr())?.[1];
          return code;
        },
        { timeout: 30_000 },
      )
      .toBeDefined();
    return { laptop, cli, code: code ?? '' };
  }

  it('needs somebody who is signed in, shows who asks, and the command line goes on when they say yes', async () => {
    const { laptop, cli, code } = await waitingCli();
    await using _laptop = laptop;
    await using _cli = cli;
    await using visit = await world.visit();
    const { page, trouble } = visit;
    await page.goto(`/login/device?user_code=${code}`);
    expect(place(page)).toBe(`/login?next=${encodeURIComponent(`/login/device?user_code=${code}`)}`);
    await fillIn(page, ana);
    expect(await heading(page)).toBe('Let a device in');
    const said = await content(page);
    expect(said).toContain(code);
    expect(said).toContain('agnes on ');
    expect(said).toContain('127.0.0.1');
    expect(said).toContain(ana.email);
    expect(said).toContain('Say yes only if you started this yourself');
    await press(page, 'button', 'Yes, let it in');
    expect(await heading(page)).toBe('The device is let in');
    expect((await cli.exited).code, cli.stderr()).toBe(0);
    expect((await laptop.agnes(['auth', 'whoami', '--json'])).stdout).toContain(ana.email);

    await press(page, 'link', 'See where you are signed in');
    expect(await content(page)).toContain('on a device that was let in with a code');
    await page.getByRole('button', { name: /^End the session of agnes on the command line/ }).focus();
    await pressEnter(page);
    expect((await laptop.agnes(['auth', 'whoami', '--json'])).code).not.toBe(0);
    // The code is used up.
    await page.goto(`/login/device?user_code=${code}`);
    expect(await wrongCode(page)).toContain('No device waits with this code.');
    expect(trouble).toEqual([]);
  });

  it('turns it away when they say no, having typed the code in any form', async () => {
    const { laptop, cli, code } = await waitingCli();
    await using _laptop = laptop;
    await using _cli = cli;
    await using visit = await world.visit();
    const { page } = visit;
    await visit.signIn(ana, '/login/device');
    await page.getByLabel('Code').fill('WRONG-CODE');
    await pressEnter(page);
    expect(await wrongCode(page)).toContain('start again there');
    expect(await page.getByLabel('Code').inputValue()).toBe('WRONG-CODE');
    await page.getByLabel('Code').fill(` ${code.toLowerCase().replace('-', ' ')} `);
    await pressEnter(page);
    // As the device shows it, to be compared.
    expect(await page.locator('dd.code').first().textContent()).toBe(code);
    await press(page, 'button', 'No, turn it away');
    expect(await heading(page)).toBe('The device is turned away');
    expect((await cli.exited).code).not.toBe(0);
    expect(cli.stderr()).toContain('turned away');
  });
});

async function wrongCode(page: Parameters<typeof heading>[0]): Promise<string> {
  return (await page.locator('#user_code-wrong').textContent()) ?? '';
}
