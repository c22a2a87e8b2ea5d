import * as v from 'valibot';
import { time } from '../schemas.ts';

/** What every way in answers with: a session. */
export const signedIn = v.object({
  access_token: v.string(),
  token_type: v.literal('bearer'),
  user_id: v.string(),
  email: v.string(),
  role: v.picklist(['admin', 'user']),
  expires_at: time,
});
