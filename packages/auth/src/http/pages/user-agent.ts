const PROGRAMS: readonly (readonly [RegExp, string])[] = [
  [/^agnes\//, 'agnes on the command line'],
  [/\bEdg(e|A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|Chromium|HeadlessChrome|CriOS)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
  [/^curl\//, 'curl'],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\b(iPhone|iPad)\b/, 'iOS'],
  [/\bAndroid\b/, 'Android'],
  [/\b(Windows|win32)\b/, 'Windows'],
  [/\b(Mac OS X|Macintosh|darwin)\b/, 'macOS'],
  [/\bLinux\b/i, 'Linux'],
];

/** What a `User-Agent` most probably is, for a person: `Firefox on Windows`. What is not known is shown as it is, cut. */
export function describeUserAgent(text: string | null): string {
  if (text === null || text.trim() === '') return 'Unknown program';
  const program = PROGRAMS.find(([shape]) => shape.test(text))?.[1];
  if (program === undefined) return text.length > 60 ? `${text.slice(0, 60)}…` : text;
  const system = SYSTEMS.find(([shape]) => shape.test(text))?.[1];
  return system === undefined ? program : `${program} on ${system}`;
}
