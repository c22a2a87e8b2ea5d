import { asciiLower } from './ascii.ts';

/** Up to three of the names that `wanted` may have been meant for, likeliest first. */
export function nearestNames(wanted: string, names: Iterable<string>): readonly string[] {
  const from = asciiLower(wanted);
  const most = Math.max(1, Math.floor(from.length / 3));
  const found: { name: string; distance: number }[] = [];
  for (const name of new Set(names)) {
    const to = asciiLower(name);
    const part = from.length > 2 && to.length > 2 && (to.includes(from) || from.includes(to));
    const distance = part ? 1 : editDistance(from, to, most);
    if (distance <= most) found.push({ name, distance });
  }
  return found
    .sort((a, b) => a.distance - b.distance || a.name.length - b.name.length || (a.name < b.name ? -1 : 1))
    .slice(0, 3)
    .map(({ name }) => name);
}

/** Letters to change, add, leave out or swap; more than `most` is not counted to its end. */
function editDistance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most) return most + 1;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const now = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      let cost = Math.min((last[column] ?? 0) + 1, (now[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + same);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, (before[column - 2] ?? 0) + 1);
      now.push(cost);
    }
    if (Math.min(...now) > most) return most + 1;
    before = last;
    last = now;
  }
  return last.at(-1) ?? 0;
}
