/**
 * The flags of this process that decide which files a package name means, for a child that must load the same ones:
 * sources in development, `dist` elsewhere.
 */
export function conditionFlags(flags: readonly string[] = process.execArgv): string[] {
  return flags.flatMap((flag, index) => {
    if (/^(--conditions|-C)=/.test(flag)) return [flag];
    const next = flags[index + 1];
    return (flag === '--conditions' || flag === '-C') && next !== undefined ? [`--conditions=${next}`] : [];
  });
}
