/** Lower case as the engine compares names: A to Z only. `toLowerCase` would also fold letters that it keeps apart, such as the Kelvin sign. */
export function asciiLower(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
