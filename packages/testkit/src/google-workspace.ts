import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { errors, jwtVerify, SignJWT } from 'jose';
import { type LocalAnswer, type LocalRequest, startLocalHttp } from './local-http.ts';

/** A failure that Google answers with before it works again. */
export interface GoogleFailure {
  readonly status: number;
  readonly times: number;
  /** Seconds. */
  readonly retryAfter?: number;
  readonly reason?: string;
}

/**
 * The parts of Google Workspace that groups are read through, as documented: the token endpoint (JWT bearer grant), the
 * Directory API (`groups.list`, `users.get`), the metadata server, and IAM's `signJwt`.
 */
export interface GoogleWorkspace extends AsyncDisposable {
  readonly url: string;
  readonly tokenUrl: string;
  /** The administrator in whose name the directory may be read. */
  readonly subject: string;
  /** The service account's key, as Google gives it out. */
  readonly key: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  /** Addresses of the groups by person; who is not in it is unknown. */
  readonly groups: Map<string, string[]>;
  readonly suspended: Set<string>;
  /** The directory answers so from now on. */
  fail(failure: GoogleFailure): void;
  /** Access tokens given out so far are good no more. */
  revokeTokens(): void;
  /** Paths that were asked, with the number of times. */
  readonly asked: Map<string, number>;
}

const GROUPS_PER_PAGE = 3;
const GROUP_SCOPE = 'https://www.googleapis.com/auth/admin.directory.group.readonly';
const USER_SCOPE = 'https://www.googleapis.com/auth/admin.directory.user.readonly';
const SERVICE_ACCOUNT = 'agnes@project.iam.gserviceaccount.com';

export async function startGoogleWorkspace(): Promise<GoogleWorkspace> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const subject = 'directory-admin@example.com';
  const groups = new Map<string, string[]>();
  const suspended = new Set<string>();
  const asked = new Map<string, number>();
  const tokens = new Map<string, readonly string[]>();
  const machineTokens = new Set<string>();
  let failure: GoogleFailure | undefined;

  const giveToken = async ({ body, headers }: LocalRequest): Promise<LocalAnswer> => {
    const form = new URLSearchParams(body);
    if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') {
      return { status: 400, json: { error: 'unsupported_grant_type' } };
    }
    try {
      const { payload } = await jwtVerify(form.get('assertion') ?? '', publicKey, {
        algorithms: ['RS256'],
        issuer: SERVICE_ACCOUNT,
        subject,
        audience: `http://${headers.host ?? ''}/token`,
        maxTokenAge: 3600,
        requiredClaims: ['exp', 'scope'],
      });
      const lifetime = (payload.exp ?? 0) - (payload.iat ?? 0);
      const scopes = String(payload.scope).split(' ');
      if (lifetime > 3600) return { status: 400, json: { error: 'invalid_grant' } };
      if (scopes.some((scope) => scope !== GROUP_SCOPE && scope !== USER_SCOPE)) {
        return { status: 401, json: { error: 'unauthorized_client' } };
      }
      const access_token = `ya29.${randomUUID()}`;
      tokens.set(access_token, scopes);
      return { json: { access_token, expires_in: 3599, token_type: 'Bearer' } };
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      return { status: 400, json: { error: 'invalid_grant', error_description: error.code } };
    }
  };

  const directory = ({ url, headers }: LocalRequest): LocalAnswer => {
    const scopes = tokens.get(headers.authorization?.replace(/^Bearer /, '') ?? '');
    if (scopes === undefined) return apiError(401, 'authError');
    if (failure !== undefined && failure.times > 0) {
      const { status, retryAfter, reason = 'backendError' } = failure;
      failure = { ...failure, times: failure.times - 1 };
      return {
        ...apiError(status, reason),
        ...(retryAfter === undefined ? {} : { headers: { 'retry-after': String(retryAfter) } }),
      };
    }
    const user = /^\/admin\/directory\/v1\/users\/([^/]+)$/.exec(url.pathname)?.[1];
    if (user !== undefined) {
      const email = decodeURIComponent(user);
      if (!scopes.includes(USER_SCOPE)) return apiError(403, 'forbidden');
      if (!groups.has(email)) return apiError(404, 'notFound');
      return {
        json: { kind: 'admin#directory#user', primaryEmail: email, suspended: suspended.has(email), archived: false },
      };
    }
    if (url.pathname !== '/admin/directory/v1/groups') return apiError(404, 'notFound');
    if (!scopes.includes(GROUP_SCOPE)) return apiError(403, 'forbidden');
    const theirs = groups.get(url.searchParams.get('userKey') ?? '');
    if (theirs === undefined) return apiError(404, 'notFound');
    const from = Number(url.searchParams.get('pageToken') ?? '0');
    const to = from + GROUPS_PER_PAGE;
    // Without members of any kind Google leaves the list out.
    return {
      json: {
        kind: 'admin#directory#groups',
        ...(theirs.length === 0
          ? {}
          : {
              groups: theirs
                .slice(from, to)
                .map((email) => ({ kind: 'admin#directory#group', id: email, email, name: email })),
            }),
        ...(to < theirs.length ? { nextPageToken: String(to) } : {}),
      },
    };
  };

  const machine = ({ url, headers }: LocalRequest): LocalAnswer => {
    if (headers['metadata-flavor'] !== 'Google')
      return { status: 403, json: { error: 'Missing Metadata-Flavor header' } };
    if (!url.pathname.endsWith('/token')) return { json: { email: SERVICE_ACCOUNT, scopes: [] } };
    const access_token = `ya29.machine.${randomUUID()}`;
    machineTokens.add(access_token);
    return { json: { access_token, expires_in: 3599, token_type: 'Bearer' } };
  };

  const signJwt = async ({ url, body, headers }: LocalRequest): Promise<LocalAnswer> => {
    if (!machineTokens.has(headers.authorization?.replace(/^Bearer /, '') ?? ''))
      return apiError(401, 'UNAUTHENTICATED');
    if (decodeURIComponent(url.pathname) !== `/v1/projects/-/serviceAccounts/${SERVICE_ACCOUNT}:signJwt`) {
      return apiError(403, 'PERMISSION_DENIED');
    }
    const claims = JSON.parse((JSON.parse(body) as { payload: string }).payload) as Record<string, unknown>;
    const signedJwt = await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'managed' }).sign(privateKey);
    return { json: { keyId: 'managed', signedJwt } };
  };

  const http = await startLocalHttp(async (request) => {
    const { pathname } = request.url;
    asked.set(pathname, (asked.get(pathname) ?? 0) + 1);
    if (pathname === '/token') return giveToken(request);
    if (pathname.startsWith('/computeMetadata/')) return machine(request);
    if (pathname.startsWith('/v1/projects/')) return signJwt(request);
    return directory(request);
  });
  return {
    url: http.url,
    tokenUrl: `${http.url}/token`,
    subject,
    serviceAccount: SERVICE_ACCOUNT,
    key: {
      type: 'service_account',
      client_email: SERVICE_ACCOUNT,
      private_key_id: 'given-out',
      private_key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    },
    groups,
    suspended,
    asked,
    fail: (next) => {
      failure = next;
    },
    revokeTokens: () => tokens.clear(),
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}

/** https://developers.google.com/admin-sdk/directory/v1/guides/manage-groups: errors of the API */
function apiError(status: number, reason: string): LocalAnswer {
  return {
    status,
    json: { error: { code: status, message: reason, errors: [{ domain: 'global', reason, message: reason }] } },
  };
}
