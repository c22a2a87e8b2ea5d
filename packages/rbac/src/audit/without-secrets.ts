/** Tokens and links of ours, and the password inside a URL: people write them into statements and names. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/\bagnes_([a-z]{2,10})_[0-9A-Za-z]{16,}/g, 'agnes_$1_…'],
  [/(:\/\/[^\s/:@'"]{0,200}:)[^\s/@'"]{1,500}@/g, '$1…@'],
];

/** The text with everything in it that looks like a credential blotted out. */
export function withoutSecrets(text: string): string {
  let result = text;
  for (const [pattern, replacement] of SECRETS) result = result.replaceAll(pattern, replacement);
  return result;
}
