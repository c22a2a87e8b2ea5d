/** Measures both sides `rounds` times after one warm-up each, turn by turn, so that noise meets both alike. Answers medians. */
export async function compare(
  rounds: number,
  ours: () => Promise<number>,
  other: () => Promise<number>,
): Promise<{ ours: number; other: number }> {
  const found = { ours: [] as number[], other: [] as number[] };
  const measureOurs = async (): Promise<number> => found.ours.push(await ours());
  const measureOther = async (): Promise<number> => found.other.push(await other());
  for (let round = 0; round <= rounds; round += 1) {
    const turn = [measureOurs, measureOther];
    for (const measure of round % 2 === 0 ? turn : turn.reverse()) await measure();
  }
  return { ours: median(found.ours.slice(1)), other: median(found.other.slice(1)) };
}

/** Milliseconds that `work` takes. */
export async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle)] ?? Number.NaN)) / 2;
}
