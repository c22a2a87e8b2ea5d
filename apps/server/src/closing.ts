/** Steps that undo what was opened, run from the last to the first. */
export interface Closing {
  add(step: () => Promise<unknown>): void;
  /** Runs every step, also after one that throws; throws what the first of those threw. */
  close(): Promise<void>;
}

export function createClosing(): Closing {
  const steps: (() => Promise<unknown>)[] = [];
  return {
    add: (step) => void steps.push(step),
    async close() {
      const failures: unknown[] = [];
      for (const step of steps.splice(0).reverse()) {
        try {
          await step();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}
