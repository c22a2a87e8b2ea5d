import { distance } from 'fastest-levenshtein';

/** The `count` candidates that `word` most likely meant, best first; none when nothing is close. */
export function nearest(word: string, candidates: readonly string[], count: number): string[] {
  const wanted = word.toLowerCase();
  const limit = Math.max(1, Math.floor(wanted.length * 0.4));
  return [...new Set(candidates)]
    .map((candidate) => {
      const name = candidate.toLowerCase();
      const prefixed = wanted.length >= 3 && (name.startsWith(wanted) || wanted.startsWith(name));
      return { candidate, far: prefixed ? 1 : distance(wanted, name) };
    })
    .filter(({ far }) => far <= limit)
    .sort((a, b) => a.far - b.far || a.candidate.localeCompare(b.candidate))
    .slice(0, count)
    .map(({ candidate }) => candidate);
}
