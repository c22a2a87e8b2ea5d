/** A stream of random-looking numbers that is the same for the same seed, on every machine. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number from `least` to `greatest`, both included. */
  integer(least: number, greatest: number): number;
  pick<T>(list: readonly [T, ...T[]]): T;
}

/** Mulberry32: small, quick, and good enough for test data; never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const integer = (least: number, greatest: number): number => least + Math.floor(next() * (greatest - least + 1));
  return { next, integer, pick: (list) => list[integer(0, list.length - 1)] ?? list[0] };
}
