import { createPrivateKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { GoogleGroupsSettings } from '@agnes/config';
import { AgnesError } from '@agnes/errors';
import { SignJWT } from 'jose';
import * as v from 'valibot';
import { askGoogle } from './request.ts';

/** The claims of a JWT that a service account signs. */
export type Assertion = Readonly<Record<string, string | number>>;

/** A service account that can sign: by its key, or through IAM. */
export interface ServiceAccount {
  email(deadline: number): Promise<string>;
  sign(claims: Assertion, deadline: number): Promise<string>;
}

const keySchema = v.object({
  type: v.literal('service_account'),
  client_email: v.pipe(v.string(), v.email()),
  private_key: v.string(),
  private_key_id: v.optional(v.string()),
});

/** The service account of the settings. Throws `invalid_config` for a key file that cannot be used. */
export async function openServiceAccount(settings: GoogleGroupsSettings): Promise<ServiceAccount> {
  return settings.keyFile === undefined ? throughIam(settings) : byKey(settings.keyFile);
}

async function byKey(path: string): Promise<ServiceAccount> {
  try {
    const key = v.parse(keySchema, JSON.parse(await readFile(path, 'utf8')));
    const privateKey = createPrivateKey(key.private_key);
    const header = {
      alg: 'RS256',
      typ: 'JWT',
      ...(key.private_key_id === undefined ? {} : { kid: key.private_key_id }),
    };
    return {
      email: async () => key.client_email,
      sign: (claims) => new SignJWT({ ...claims }).setProtectedHeader(header).sign(privateKey),
    };
  } catch {
    // The cause may quote the key.
    throw new AgnesError(
      'invalid_config',
      'GOOGLE_ADMIN_SDK_KEY_FILE is not the readable JSON key of a service account.',
      {
        hint: 'Download a key of the type JSON for the service account, and make it readable for the server.',
      },
    );
  }
}

const tokenSchema = v.object({ access_token: v.string() });
const signedSchema = v.object({ signedJwt: v.string() });

/** Signs without a key: the machine's own account asks IAM to. https://cloud.google.com/iam/docs/reference/credentials/rest */
function throughIam({ serviceAccount, metadataUrl, iamUrl }: GoogleGroupsSettings): ServiceAccount {
  const own = `${metadataUrl}/computeMetadata/v1/instance/service-accounts/default`;
  const init = { headers: { 'Metadata-Flavor': 'Google' } };
  const email = async (deadline: number): Promise<string> => {
    if (serviceAccount !== undefined) return serviceAccount;
    const account = await askGoogle({
      what: "reading this machine's service account",
      url: `${own}/?recursive=true`,
      init,
      schema: v.object({ email: v.string() }),
      deadline,
    });
    return account.email;
  };
  return {
    email,
    async sign(claims, deadline) {
      const { access_token } = await askGoogle({
        what: "getting this machine's access token",
        url: `${own}/token`,
        init,
        schema: tokenSchema,
        deadline,
      });
      const { signedJwt } = await askGoogle({
        what: 'signing through IAM',
        url: `${iamUrl}/v1/projects/-/serviceAccounts/${encodeURIComponent(await email(deadline))}:signJwt`,
        init: {
          method: 'POST',
          headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
          body: JSON.stringify({ payload: JSON.stringify(claims) }),
        },
        schema: signedSchema,
        deadline,
      });
      return signedJwt;
    },
  };
}
