import {
  type Browser,
  type BrowserContext,
  freePort,
  type Locator,
  type Page,
  type RunningServer,
  type SmtpServer,
  startBrowser,
  startServer,
  startSmtpServer,
} from '@agnes/testkit';
import { expect } from 'vitest';
import { signIn } from '../api.ts';

/** A server with a mail server, and a browser to look at its pages. */
export interface World extends AsyncDisposable {
  readonly server: RunningServer;
  readonly smtp: SmtpServer;
  readonly browser: Browser;
  /** What an administrator's program does. */
  readonly admin: Admin;
  /** The address in the next mail to somebody: it must have exactly one. */
  nextLink(to: string): Promise<string>;
  /** A browser of its own: no cookie yet, an address of its own. */
  visit(options?: VisitOptions): Promise<Visit>;
}

export interface VisitOptions {
  /** Default false: the pages need no script, so the tests run none. */
  readonly javaScript?: boolean;
  readonly userAgent?: string;
  readonly width?: number;
  readonly dark?: boolean;
  /** What a proxy says the browser's address is; null for no proxy. Default one of its own. */
  readonly address?: string | null;
}

export interface Visit extends AsyncDisposable {
  readonly context: BrowserContext;
  readonly page: Page;
  /** What went wrong in the browser: refused by the page's policy, other errors, requests to other servers. */
  readonly trouble: string[];
  signIn(person: Person, next?: string): Promise<void>;
}

export interface Person {
  readonly email: string;
  readonly password: string;
}

export interface Admin {
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  call(method: string, path: string, body?: unknown): Promise<any>;
  /** Adds an account with a password. */
  add(name: string, more?: { readonly name?: string }): Promise<Person & { readonly id: string }>;
}

export async function startWorld(env: Readonly<Record<string, string>> = {}): Promise<World> {
  await using stack = new AsyncDisposableStack();
  const smtp = stack.use(await startSmtpServer());
  const port = await freePort();
  const server = stack.use(
    await startServer({
      env: {
        AGNES_ROLE: 'api',
        PORT: String(port),
        SERVER_URL: `http://127.0.0.1:${port}`,
        // So that each browser of a test can have an address of its own.
        AGNES_TRUSTED_PROXIES: '127.0.0.1',
        SMTP_HOST: '127.0.0.1',
        SMTP_PORT: String(smtp.port),
        SMTP_USE_TLS: 'false',
        SMTP_FROM: 'agnes@example.com',
        ...env,
      },
    }),
  );
  const browser = stack.adopt(await startBrowser({ hosts: ['agnes.test'] }), (one) => one.close());
  const admin = await adminOf(server);
  const all = stack.move();
  let visits = 0;
  return {
    server,
    smtp,
    browser,
    admin,
    nextLink: readLinks(smtp),
    async visit(options = {}) {
      visits += 1;
      return visit(browser, server.url, `10.1.${visits >> 8}.${visits & 255}`, options);
    },
    [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
  };
}

async function visit(browser: Browser, url: string, address: string, options: VisitOptions): Promise<Visit> {
  const context = await browser.newContext({
    baseURL: url,
    javaScriptEnabled: options.javaScript ?? false,
    viewport: { width: options.width ?? 1024, height: 768 },
    colorScheme: options.dark === true ? 'dark' : 'light',
    ...(options.address === null ? {} : { extraHTTPHeaders: { 'x-forwarded-for': address } }),
    ...(options.userAgent === undefined ? {} : { userAgent: options.userAgent }),
  });
  context.setDefaultTimeout(15_000);
  const trouble: string[] = [];
  context.on('request', (request) => {
    const { origin } = new URL(request.url());
    if (origin !== new URL(url).origin) trouble.push(`request to ${origin}`);
  });
  context.on('weberror', (error) => trouble.push(String(error.error())));
  context.on('dialog', (dialog) => trouble.push(`dialog ${dialog.message()}`));
  context.on('console', (message) => {
    // A browser notes each answer that is no success; the tests look at those themselves.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      trouble.push(message.text());
  });
  const page = await context.newPage();
  return {
    context,
    page,
    trouble,
    async signIn(person, next) {
      await page.goto(next === undefined ? '/login' : `/login?${new URLSearchParams({ next })}`);
      await fillIn(page, person);
    },
    [Symbol.asyncDispose]: () => context.close(),
  };
}

/** Fills the sign-in form in and sends it, with the keyboard alone. */
export async function fillIn(page: Page, { email, password }: Person): Promise<void> {
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByLabel('Password').focus();
  await pressEnter(page);
}

async function adminOf(server: RunningServer): Promise<Admin> {
  const { send } = await signIn(server);
  const call: Admin['call'] = (method, path, body) => send(method, path, body);
  return {
    call,
    async add(name, more = {}) {
      const person = { email: `${name}@example.com`, password: `pass-phrase of ${name}` };
      const { id } = await call('POST', '/api/users', { ...person, ...more });
      return { ...person, id };
    },
  };
}

/** Presses Enter where the focus is, and waits for the page that comes. */
export async function pressEnter(page: Page): Promise<void> {
  const loaded = page.waitForEvent('load');
  await page.keyboard.press('Enter');
  await loaded;
}

/** Presses a button or follows a link, with the keyboard, and waits for the page that comes. */
export async function press(page: Page, role: 'button' | 'link', name: string): Promise<void> {
  await page.getByRole(role, { name, exact: true }).focus();
  await pressEnter(page);
}

function readLinks(smtp: SmtpServer): (to: string) => Promise<string> {
  const read = new Map<string, number>();
  return async (to) => {
    const before = read.get(to) ?? 0;
    read.set(to, before + 1);
    const theirs = async () => (await smtp.received()).filter((mail) => mail.to.includes(to));
    await expect.poll(async () => (await theirs()).length, { timeout: 20_000 }).toBeGreaterThan(before);
    const text = (await theirs())[before]?.mail.text ?? '';
    const links = text.match(/https?:\/\/\S+/g) ?? [];
    expect(links).toHaveLength(1);
    return links[0] ?? '';
  };
}

/** Path and query of where the browser is. */
export function place(page: Page): string {
  const { pathname, search } = new URL(page.url());
  return pathname + search;
}

/** What a part of the page says, with single spaces. */
export async function text(part: Locator): Promise<string> {
  return ((await part.textContent()) ?? '').replaceAll(/\s+/g, ' ').trim();
}

export const heading = (page: Page): Promise<string> => text(page.locator('h1'));
/** What the page says below its head. */
export const content = (page: Page): Promise<string> => text(page.locator('main'));
/** What went wrong, as the page says it. */
export const alert = (page: Page): Promise<string> => text(page.getByRole('alert'));
/** How something went, as the page says it. */
export const status = (page: Page): Promise<string> => text(page.getByRole('status'));
