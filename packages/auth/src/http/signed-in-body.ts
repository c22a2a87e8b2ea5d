import type { SignedIn } from '../auth.ts';

/** The answer of every way in. */
export const signedInBody = ({ session, user, isAdmin }: SignedIn) => ({
  access_token: session.token,
  token_type: 'bearer' as const,
  user_id: user.id,
  email: user.email,
  role: roleOf(isAdmin),
  expires_at: session.expires_at.toISOString(),
});

export const roleOf = (admin: boolean): 'admin' | 'user' => (admin ? 'admin' : 'user');
