/** What a page says after something was done; its name stands in the address. */
const DONE: Readonly<Record<string, string>> = {
  signed_out: 'You are signed out.',
  password_set: 'Your password is set.',
  password_set_signed_out: 'Your password is set. Everywhere else you were signed out.',
  token_revoked: 'The token is revoked. The next request with it is refused.',
  session_ended: 'That session has ended.',
  sessions_ended: 'You are signed out everywhere but here.',
  someone_else: 'Nothing was done: the page was made for another account than the one that is signed in now.',
};

export type Done =
  | 'signed_out'
  | 'password_set'
  | 'password_set_signed_out'
  | 'token_revoked'
  | 'session_ended'
  | 'sessions_ended'
  | 'someone_else';

/** The sentence of that name; undefined for a name that nothing of ours writes. */
export function doneNotice(name: string | undefined): string | undefined {
  return name !== undefined && Object.hasOwn(DONE, name) ? DONE[name] : undefined;
}

/** How long to wait, for people. */
export function waitText(seconds: number): string {
  if (seconds < 90) return `${seconds} ${seconds === 1 ? 'second' : 'seconds'}`;
  return `${Math.ceil(seconds / 60)} minutes`;
}

/** Seconds after which to come back, as an error or a problem says; a minute when it does not. */
export function retrySeconds({ retry_after_seconds: seconds }: Readonly<Record<string, unknown>>): number {
  return typeof seconds === 'number' && seconds >= 1 ? Math.ceil(seconds) : 60;
}
