import tls from 'node:tls';
import { Secret } from '@agnes/config';
import { selfSignedCertificate, startSmtpServer } from '@agnes/testkit';
import { afterAll, describe, expect, test } from 'vitest';
import { createMailer, type Mail } from './mail/mailer.ts';
import { linkMail } from './mail/messages.ts';
import { mailTo } from './testing/sign-in-settings.ts';

const MAIL: Mail = linkMail('ana@example.com', 'magic_link', 'https://agnes.example.com/login/link?token=abc&x="<y>\'');
const certificate = selfSignedCertificate('localhost');
const trusted = tls.getCACertificates('default');
afterAll(() => tls.setDefaultCACertificates(trusted));

const mailerTo = (port: number, more: Parameters<typeof mailTo>[1] = {}) => {
  const { mail } = mailTo(port, more);
  if (mail === undefined) throw new Error('no mail settings');
  return createMailer(mail);
};

async function failure(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) throw new Error('the mail went out');
  // Not even whoever logs everything of it learns to whom.
  expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toMatch(/ana@|token=|hunter2/);
  expect(error.cause).toBeUndefined();
  return error.message;
}

describe('a mail', () => {
  test('arrives with text and HTML, both with the same link, and nothing in it is HTML that was not meant', async () => {
    await using server = await startSmtpServer();
    await mailerTo(server.port).send(MAIL);
    const [received] = await server.waitFor(1);
    expect(received).toMatchObject({ from: 'agnes@example.com', to: ['ana@example.com'], secure: false });
    expect(received?.mail).toMatchObject({
      subject: 'Your sign-in link for Agnes',
      from: { address: 'agnes@example.com', name: 'Agnes' },
      to: [{ address: 'ana@example.com' }],
    });
    expect(received?.mail.text).toContain('https://agnes.example.com/login/link?token=abc&x="<y>\'');
    expect(received?.mail.html).toContain('token=abc&amp;x=&quot;&lt;y&gt;&#39;');
    expect(received?.mail.headers.find(({ key }) => key === 'auto-submitted')?.value).toBe('auto-generated');
  });

  test('cannot be given other headers or recipients through an address', async () => {
    await using server = await startSmtpServer();
    const mailer = mailerTo(server.port);
    const addresses = [
      'ana@example.com\r\nBcc: eve@example.org',
      'ana@example.com\nBcc: eve@example.org',
      'ana@example.com, eve@example.org',
      'ana@example.com;eve@example.org',
      'ana@example.com> RCPT TO:<eve@example.org',
      '"ana\r\nX: y"@example.com',
      'ana@example.com\u0000',
      'ana@example.com\u2028eve@example.org ',
      'friends:ana@example.com,eve@example.org;',
      'ana@exam\tple.com',
      '(eve@example.org)ana@example.com',
      '@example.com',
      'ana',
      '',
    ];
    for (const to of addresses) await failure(mailer.send({ ...MAIL, to }));
    await mailer.send({ ...MAIL, subject: 'a\r\nBcc: eve@example.org\r\n\r\nbody' });
    const received = await server.waitFor(1);
    expect(received).toHaveLength(1);
    expect(received[0]?.to).toEqual(['ana@example.com']);
    expect(received[0]?.raw).not.toMatch(/^Bcc:/im);
    expect(received[0]?.mail.subject).toContain('Bcc: eve@example.org');
    process.stdout.write(`mail: ${addresses.length + 1} tries to inject a header or recipient, 0 got through\n`);
  });
});

describe('TLS', () => {
  test('is asked for, and a server that offers none gets nothing', async () => {
    await using server = await startSmtpServer();
    const mailer = mailerTo(server.port, { tls: true });
    expect(await failure(mailer.send(MAIL))).toContain('ETLS');
    expect(await server.received()).toEqual([]);
    expect(mailer.counts()).toEqual({ sent: 0, failed: 1, last_failed: true });
  });

  test('is not used with a certificate that nobody vouches for', async () => {
    await using server = await startSmtpServer({ tls: certificate });
    await failure(mailerTo(server.port, { tls: true }).send(MAIL));
    expect(await server.received()).toEqual([]);
  });

  test('carries the password of the account, and never goes without it', async () => {
    await using server = await startSmtpServer({ tls: certificate, account: { user: 'agnes', password: 'hunter2' } });
    tls.setDefaultCACertificates([...trusted, certificate.cert]);
    const account = { tls: true, user: 'agnes', password: new Secret('hunter2') };
    await mailerTo(server.port, account).send(MAIL);
    expect(await server.waitFor(1)).toMatchObject([{ secure: true, user: 'agnes' }]);
    expect(await failure(mailerTo(server.port, { ...account, password: new Secret('hunter22') }).send(MAIL))).toContain(
      'EAUTH',
    );
    await failure(mailerTo(server.port, { ...account, host: '127.0.0.1' }).send(MAIL)); // not the certificate's name
    expect(await server.received()).toHaveLength(1);
  });
});

test('a mail server that is not there is a failure that says so', async () => {
  expect(await failure(mailerTo(1).send(MAIL))).toContain('ECONNREFUSED');
});
