import type { Handlers, pageOperations } from '@agnes/api-contract';
import type { Auth } from '../../auth.ts';
import { accountPages } from './account-page.ts';
import { assetHandlers } from './assets.ts';
import { devicePages } from './device-page.ts';
import { linkPages } from './link-page.ts';
import { loginPages } from './login.ts';
import { mailPages } from './mail-pages.ts';
import { sessionPages } from './sessions-page.ts';
import { setPasswordPages } from './set-password-page.ts';
import { tokenPages } from './tokens-page.ts';

export interface PageHandlersOptions {
  readonly auth: Auth;
  /** The URL under which people reach the server. */
  readonly serverUrl: string;
}

/** The pages that signing in needs. */
export function pageHandlers({ auth, serverUrl }: PageHandlersOptions): Handlers<typeof pageOperations> {
  return {
    ...loginPages(auth),
    ...mailPages(auth),
    ...linkPages(auth),
    ...setPasswordPages(auth),
    ...devicePages(auth),
    ...accountPages(auth, serverUrl),
    ...tokenPages(auth),
    ...sessionPages(auth),
    ...assetHandlers,
  };
}
