import type { GoogleGroupsSettings } from '@agnes/config';
import { type Directory, openDirectory } from './directory.ts';
import { openServiceAccount } from './service-account.ts';

/** The directory that the settings name. Asks nobody yet. Throws `invalid_config` for a key file that cannot be used. */
export async function openGoogleDirectory(settings: GoogleGroupsSettings): Promise<Directory> {
  return openDirectory(settings, await openServiceAccount(settings));
}
