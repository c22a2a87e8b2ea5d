import { AgnesError } from '@agnes/errors';
import { normaliseEmail } from '@agnes/rbac';

const MIN_LENGTH = 8;
const MAX_LENGTH = 1024;

/** The rules, for whoever chooses a password. */
export const PASSWORD_RULES: readonly string[] = [
  `At least ${MIN_LENGTH} characters; a few unrelated words are good.`,
  'Not your e-mail address, and not one character over and over.',
];

/** Throws `weak_password`, which says which rule is not met. */
export function checkPassword(password: string, email: string): void {
  const problem = problemOf(password, email);
  if (problem === undefined) return;
  throw new AgnesError('weak_password', `The password ${problem}.`, {
    hint: PASSWORD_RULES.join(' '),
  });
}

function problemOf(password: string, email: string): string | undefined {
  const characters = [...password];
  if (characters.length < MIN_LENGTH) return `has fewer than ${MIN_LENGTH} characters`;
  if (characters.length > MAX_LENGTH) return `has more than ${MAX_LENGTH} characters`;
  if (new Set(characters).size === 1) return 'repeats one character';
  if (normaliseEmail(password) === normaliseEmail(email)) return 'is the e-mail address';
  return undefined;
}
