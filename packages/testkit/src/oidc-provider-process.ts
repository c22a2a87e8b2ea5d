import { createInterface } from 'node:readline';
import { Provider } from 'oidc-provider';

/** What `startOidcProvider` wants, as JSON in the first argument. */
interface Options {
  readonly port: number;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly redirectUri: string;
  readonly people: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const { port, clientId, clientSecret, redirectUri, people } = JSON.parse(process.argv[2] ?? '{}') as Options;
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: [redirectUri],
      response_types: ['code'],
      grant_types: ['authorization_code'],
    },
  ],
  claims: { openid: ['sub', 'groups', 'hd'], email: ['email', 'email_verified'], profile: ['name'] },
  // The claims stand in the ID token, not only in the user info.
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  cookies: { keys: ['only for tests'] },
  features: { devInteractions: { enabled: true } },
  // Its own sign-in form takes any password; who signs in is one of these people.
  async findAccount(_context, id) {
    const claims = people[id];
    if (claims === undefined) return undefined;
    return { accountId: id, claims: async () => ({ sub: id, ...claims }) };
  },
});
provider.listen(port, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ event: 'listening', issuer })}\n`);
});
// Ends with whoever started it.
createInterface({ input: process.stdin }).on('close', () => process.exit(0));
