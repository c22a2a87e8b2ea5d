import { createInterface } from 'node:readline';
import { SMTPServer } from 'smtp-server';

/** What `startSmtpServer` wants, as JSON in the first argument. */
interface Options {
  readonly tls: { readonly key: string; readonly cert: string } | null;
  readonly user: string | null;
  readonly password: string | null;
  readonly refuseRecipients: boolean;
}

const options = JSON.parse(process.argv[2] ?? '{}') as Options;
const say = (message: object): void => void process.stdout.write(`${JSON.stringify(message)}\n`);

const server = new SMTPServer({
  ...(options.tls ?? {}),
  disabledCommands: [...(options.tls === null ? ['STARTTLS'] : []), ...(options.user === null ? ['AUTH'] : [])],
  authOptional: options.user === null,
  onAuth(auth, _session, done) {
    if (auth.username === options.user && auth.password === options.password) done(null, { user: auth.username });
    else done(new Error('Invalid username or password'));
  },
  onRcptTo(address, _session, done) {
    if (options.refuseRecipients)
      done(Object.assign(new Error(`No mailbox ${address.address}`), { responseCode: 550 }));
    else done();
  },
  onData(stream, session, done) {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const { mailFrom, rcptTo } = session.envelope;
      say({
        event: 'mail',
        from: mailFrom === false ? null : mailFrom.address,
        to: rcptTo.map(({ address }) => address),
        secure: session.secure,
        user: session.user ?? null,
        raw: Buffer.concat(chunks).toString('base64'),
      });
      done();
    });
  },
});
server.on('error', (error: Error) => say({ event: 'error', message: error.message }));
server.listen(0, '127.0.0.1', () => {
  const address = server.server.address();
  say({ event: 'listening', port: typeof address === 'object' && address !== null ? address.port : 0 });
});
// Ends with whoever started it.
createInterface({ input: process.stdin }).on('close', () => process.exit(0));
