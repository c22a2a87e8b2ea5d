import { integer, setting } from './setting.ts';

const MOST_MB = 100 * 1024 * 1024;

/** Settings of the query gateway. */
export const QUERY_SETTINGS = {
  queryWorkers: setting({
    env: ['AGNES_QUERY_WORKERS'],
    file: 'query.workers',
    schema: integer(1, 256, 4),
    fallback: '4',
    meaning:
      'Queries that run at a time, each in a process of its own. One person has at most one fewer, so that somebody else always gets a turn.',
  }),
  queryMemoryMb: setting({
    env: ['AGNES_QUERY_MEMORY_MB'],
    file: 'query.memory_mb',
    schema: integer(64, 1024 * 1024, 512),
    fallback: '512',
    meaning:
      'Megabytes that DuckDB may take for a query before it spills; its process may have 1024 more, then it is ended.',
  }),
  queryThreads: setting({
    env: ['AGNES_QUERY_THREADS'],
    file: 'query.threads',
    schema: integer(0, 256, 0),
    fallback: '0',
    meaning: 'Threads of a query; 0 is one for each core, four at most.',
  }),
  queryTempMb: setting({
    env: ['AGNES_QUERY_TEMP_MB'],
    file: 'query.temp_mb',
    schema: integer(0, MOST_MB, 4096),
    fallback: '4096',
    meaning: 'Megabytes that a query may spill to DATA_DIR/tmp.',
  }),
  queryTimeLimitSeconds: setting({
    env: ['AGNES_QUERY_TIME_LIMIT_SEC'],
    file: 'query.time_limit_seconds',
    schema: integer(1, 86_400, 120),
    fallback: '120',
    meaning: 'Seconds that a query may run before its process is killed.',
  }),
  queryMaxRows: setting({
    env: ['AGNES_QUERY_MAX_ROWS'],
    file: 'query.max_rows',
    schema: integer(1, 10_000_000, 100_000),
    fallback: '100000',
    meaning: 'The largest `limit` of an answer in JSON. Files (CSV, NDJSON, parquet) may have all rows.',
  }),
  queryResultMb: setting({
    env: ['AGNES_QUERY_RESULT_MB'],
    file: 'query.result_mb',
    schema: integer(1, MOST_MB, 10_240),
    fallback: '10240',
    meaning: 'Megabytes of the largest result. It is written to DATA_DIR/tmp before it is sent.',
  }),
  queryPerUser: setting({
    env: ['AGNES_QUERY_PER_USER'],
    file: 'query.per_user',
    schema: integer(1, 256, 5),
    fallback: '5',
    meaning: 'Queries of one person that run at a time. People take turns.',
  }),
  queryQueuePerUser: setting({
    env: ['AGNES_QUERY_QUEUE_PER_USER'],
    file: 'query.queue_per_user',
    schema: integer(0, 10_000, 20),
    fallback: '20',
    meaning: 'Queries of one person that may wait for their turn; the next one is refused with 429.',
  }),
  queryQueue: setting({
    env: ['AGNES_QUERY_QUEUE'],
    file: 'query.queue',
    schema: integer(0, 100_000, 200),
    fallback: '200',
    meaning: 'Queries of everybody that may wait for their turn; the next one is refused with 429.',
  }),
  queryDailyMb: setting({
    env: ['AGNES_QUERY_DAILY_MB'],
    file: 'query.daily_mb',
    schema: integer(0, MOST_MB, 51_200),
    fallback: '51200',
    meaning:
      'Megabytes of results that one person may have in a UTC day; the result that passes it is the last one. 0 for no cap.',
  }),
  querySlicesMb: setting({
    env: ['AGNES_QUERY_SLICES_MB'],
    file: 'query.slices_mb',
    schema: integer(1, MOST_MB, 10_240),
    fallback: '10240',
    meaning: 'Megabytes of DATA_DIR/tmp/query/slices: what people see of tables for which a policy holds.',
  }),
} as const;
