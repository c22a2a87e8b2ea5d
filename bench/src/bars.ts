import type { Bar } from './bar.ts';
import { cliCommand } from './bars/cli-command.ts';
import { cliQuery } from './bars/cli-query.ts';
import { cliVersion } from './bars/cli-version.ts';
import { extract } from './bars/extract.ts';
import { manifestNotModified, manifestWhole } from './bars/manifest.ts';
import { memory } from './bars/memory.ts';
import { publish } from './bars/publish.ts';
import { pull } from './bars/pull.ts';
import { pullNothingNew } from './bars/pull-nothing-new.ts';
import { queryLatencyManyParts, queryLatencyOnePart } from './bars/query-latency.ts';
import { queryStream } from './bars/query-stream.ts';
import { queryThroughput } from './bars/query-throughput.ts';
import { rebuild } from './bars/rebuild.ts';
import { rebuildReads } from './bars/rebuild-reads.ts';
import { serve } from './bars/serve.ts';

export const bars: readonly Bar[] = [
  cliVersion,
  cliCommand,
  cliQuery,
  pullNothingNew,
  pull,
  serve,
  manifestNotModified,
  manifestWhole,
  queryLatencyOnePart,
  queryLatencyManyParts,
  queryThroughput,
  queryStream,
  extract,
  publish,
  rebuild,
  rebuildReads,
  memory,
];
