// What a bar is: one scenario, ours against the other side, both measured inside one run on one machine.

/** A limit that a bar is held to. `difference` is for bars about growth, such as memory. */
export interface Target {
  readonly compare: 'ratio' | 'difference';
  readonly is: 'at most' | 'at least';
  readonly value: number;
}

/** Both sides, in the same unit: medians where there were several rounds. */
export interface Outcome {
  readonly ours: number;
  readonly other: number;
  readonly unit: 'ms' | 's' | 'MiB' | 'MiB/s' | 'queries/s' | 'requests/s';
  /** What a reader has to know about this run, for instance which tool stood on the other side. */
  readonly note?: string;
}

/** Why there is nothing to measure here: a tool or a system that is missing. */
export interface Skipped {
  readonly skipped: string;
}

export interface BarContext {
  /** How often each side is measured. */
  readonly rounds: number;
  /** An empty folder for the data of this run, removed after it. */
  readonly folder: string;
}

export interface Bar {
  readonly name: string;
  /** What is measured, on which data: a sentence or two for BENCHMARKS.md. */
  readonly scenario: string;
  readonly ours: string;
  readonly other: string;
  /** Undefined for a figure that is shown and held to nothing. */
  readonly target: Target | undefined;
  readonly sizeUnit: string;
  /** Two sizes, ten times apart, so that the table shows how cost grows. */
  readonly sizes: readonly [number, number];
  /** The same for `--quick`. */
  readonly quickSizes: readonly [number, number];
  readonly rounds: number;
  run(size: number, context: BarContext): Promise<Outcome | Skipped>;
}
