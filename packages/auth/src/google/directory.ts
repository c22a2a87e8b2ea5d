import type { GoogleGroupsSettings } from '@agnes/config';
import * as v from 'valibot';
import { askGoogle, GoogleError } from './request.ts';
import type { ServiceAccount } from './service-account.ts';

/** The Directory API of a Workspace, read in the name of one of its administrators. */
export interface Directory {
  /** The addresses of the groups that somebody is in, in lower case; none for whom the directory does not know. */
  groupsOf(email: string, deadline: number): Promise<string[]>;
  statusOf(email: string, deadline: number): Promise<'active' | 'suspended' | 'unknown'>;
}

const GROUP_SCOPE = 'https://www.googleapis.com/auth/admin.directory.group.readonly';
const USER_SCOPE = 'https://www.googleapis.com/auth/admin.directory.user.readonly';
const ASSERTION_SECONDS = 3600;
/** A token is not used in its last minute. */
const SPARE_MS = 60_000;
const MOST_PAGES = 100;

const tokenSchema = v.object({ access_token: v.string(), expires_in: v.number() });
const pageSchema = v.object({
  groups: v.optional(v.array(v.object({ email: v.string() })), []),
  nextPageToken: v.optional(v.string()),
});
const userSchema = v.object({ suspended: v.optional(v.boolean(), false), archived: v.optional(v.boolean(), false) });

/** https://developers.google.com/admin-sdk/directory/reference/rest/v1/groups/list */
export function openDirectory(settings: GoogleGroupsSettings, account: ServiceAccount): Directory {
  let held: { readonly token: string; readonly until: number } | undefined;

  const accessToken = async (deadline: number): Promise<string> => {
    if (held !== undefined && performance.now() < held.until) return held.token;
    const now = Math.floor(Date.now() / 1000);
    const assertion = await account.sign(
      {
        iss: await account.email(deadline),
        sub: settings.subject,
        scope: settings.checkUsers ? `${GROUP_SCOPE} ${USER_SCOPE}` : GROUP_SCOPE,
        aud: settings.tokenUrl,
        iat: now,
        exp: now + ASSERTION_SECONDS,
      },
      deadline,
    );
    const { access_token, expires_in } = await askGoogle({
      what: 'getting an access token of the service account',
      url: settings.tokenUrl,
      init: {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion }),
      },
      schema: tokenSchema,
      deadline,
    });
    held = { token: access_token, until: performance.now() + expires_in * 1000 - SPARE_MS };
    return access_token;
  };

  const read = async <S extends v.GenericSchema>(
    what: string,
    path: string,
    schema: S,
    deadline: number,
  ): Promise<v.InferOutput<S>> => {
    for (let fresh = false; ; fresh = true) {
      const headers = { authorization: `Bearer ${await accessToken(deadline)}` };
      try {
        return await askGoogle({ what, url: `${settings.directoryUrl}${path}`, init: { headers }, schema, deadline });
      } catch (error) {
        // A token can be taken back before its time.
        if (!(error instanceof GoogleError) || error.status !== 401 || fresh) throw error;
        held = undefined;
      }
    }
  };

  return {
    async groupsOf(email, deadline) {
      const groups: string[] = [];
      let pageToken: string | undefined;
      for (let page = 0; page < MOST_PAGES; page += 1) {
        const query = new URLSearchParams({ userKey: email, maxResults: '200' });
        if (pageToken !== undefined) query.set('pageToken', pageToken);
        try {
          const answer = await read('listing groups', `/admin/directory/v1/groups?${query}`, pageSchema, deadline);
          groups.push(...answer.groups.map((group) => group.email.toLowerCase()));
          pageToken = answer.nextPageToken;
        } catch (error) {
          if (error instanceof GoogleError && error.status === 404) return [];
          throw error;
        }
        if (pageToken === undefined || pageToken === '') return groups;
      }
      throw new GoogleError('listing groups', 0, `there are more than ${MOST_PAGES} pages`);
    },
    async statusOf(email, deadline) {
      try {
        const path = `/admin/directory/v1/users/${encodeURIComponent(email)}?projection=basic`;
        const { suspended, archived } = await read('reading a user', path, userSchema, deadline);
        return suspended || archived ? 'suspended' : 'active';
      } catch (error) {
        if (error instanceof GoogleError && error.status === 404) return 'unknown';
        throw error;
      }
    },
  };
}
