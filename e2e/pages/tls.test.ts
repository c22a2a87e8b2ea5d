import { request } from 'node:http';
import { createServer } from 'node:https';
import { freePort, selfSignedCertificate } from '@agnes/testkit';
import { expect, it } from 'vitest';
import { fillIn, heading, place, press, startWorld } from './world.ts';

/** What ends TLS before a server, as operators have it. */
async function startTlsProxy(port: number, behind: () => string): Promise<AsyncDisposable> {
  const server = createServer(selfSignedCertificate('localhost'), (incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const onward = request(new URL(url ?? '/', behind()), { method: method ?? 'GET', headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    [Symbol.asyncDispose]: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

it('behind a proxy with TLS the session is in a cookie that only this host can set, and only over TLS', async () => {
  const port = await freePort();
  const origin = `https://localhost:${port}`;
  await using world = await startWorld({ SERVER_URL: origin });
  await using _proxy = await startTlsProxy(port, () => world.server.url);
  const ana = await world.admin.add('ana');
  await using context = await world.browser.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${origin}/account/sessions`);
  await fillIn(page, ana);
  expect(page.url()).toBe(`${origin}/account/sessions`);
  expect(await context.cookies()).toMatchObject([
    { name: '__Host-agnes_session', secure: true, httpOnly: true, sameSite: 'Lax', path: '/', domain: 'localhost' },
  ]);
  // Sent to the server past the proxy, over plain http and by another name, a form is another origin's.
  const past = await context.request.post(`${world.server.url}/login`, {
    form: { ...ana },
    headers: { origin: world.server.url },
  });
  expect(past.status()).toBe(403);
  await press(page, 'button', 'Sign out');
  expect(await context.cookies()).toEqual([]);
  await page.goto(`${origin}/account`);
  expect([place(page), await heading(page)]).toEqual(['/login?next=%2Faccount', 'Sign in']);
});
