import { AgnesError } from '@agnes/errors';

/**
 * What names of groups are compared by: compatibility forms, letter case, invisible characters and the width of spaces make
 * no difference, so that two names that read alike are one.
 */
export function groupNameKey(name: string): string {
  return (
    name
      .normalize('NFKC')
      .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '')
      // Upper case first: that folds what has several small forms (ß and ss, σ and ς) as well.
      .toUpperCase()
      .toLowerCase()
      .normalize('NFKC')
      .replaceAll(/\s+/g, ' ')
      .trim()
  );
}

export const sameGroupName = (a: string, b: string): boolean => groupNameKey(a) === groupNameKey(b);

const SCRIPTS = [/\p{Script=Latin}/u, /\p{Script=Cyrillic}/u, /\p{Script=Greek}/u];

/** Refuses what nobody can read: nothing visible, or a word of several alphabets that looks like another (`Аdmin`). */
export function checkGroupName(name: string): void {
  const words = name.match(/[\p{L}\p{M}]+/gu) ?? [];
  const mixed = words.find((word) => SCRIPTS.filter((script) => script.test(word)).length > 1);
  if (mixed !== undefined) {
    throw new AgnesError('invalid_request', `'${mixed}' mixes letters of several alphabets.`, {
      hint: 'Write each word in one alphabet: a name that only looks like another one misleads.',
      details: { field: 'name' },
    });
  }
  if (groupNameKey(name) === '') {
    throw new AgnesError('invalid_request', 'The name of the group has no visible character.', {
      hint: 'Choose a name that people can read.',
      details: { field: 'name' },
    });
  }
}
