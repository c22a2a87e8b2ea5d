import type { Connection } from '@agnes/duckdb';

/** How far the reading of some bytes is: the first half looks for types, the second one writes. */
export interface ReadProgress extends Disposable {
  half(): void;
  complete(): void;
}

/** Asks DuckDB every half second how far its statement is, and says it in bytes of the source files. */
export async function reportProgress(
  connection: Connection,
  total: number,
  report: (done: number, total: number) => void,
): Promise<ReadProgress> {
  await connection.run(
    'SET enable_progress_bar = true; SET enable_progress_bar_print = false; SET progress_bar_time = 0',
  );
  let start = 0;
  const timer = setInterval(() => {
    const { percentage } = connection.raw.progress;
    if (percentage >= 0) report(Math.min(total, Math.round(start + (total / 2) * (percentage / 100))), total);
  }, 500);
  return {
    half() {
      start = total / 2;
    },
    complete: () => report(total, total),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
