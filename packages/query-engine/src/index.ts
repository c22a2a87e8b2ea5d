export type { Work, WorkResult } from './protocol.ts';
export { type JsonRow, sampleTable } from './sample-table.ts';
export { createWorkerPool, type RunOptions, type WorkerPool, type WorkerPoolOptions } from './worker-pool.ts';
