import { closest, distance } from 'fastest-levenshtein';

/** A key that there is none of, for a message, and the one that was meant when it is near. */
export interface UnknownKey {
  /** Without what stands behind a colon that lacks its space: that is the value, and may be a secret. */
  readonly shown: string;
  readonly meant: string | undefined;
}

/** Looks a mistyped key up among the known ones. */
export function unknownKey(key: string, known: readonly string[]): UnknownKey {
  const shown = key.split(/[:=\s]/)[0] ?? '';
  const nearest = closest(shown, known);
  const apart = distance(shown, nearest);
  return { shown, meant: apart > 0 && apart <= 2 ? nearest : undefined };
}
