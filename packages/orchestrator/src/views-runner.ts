/** Process entry: brings `analytics/server.duckdb` up to date. `views/protocol.ts` has what goes in and out. */
import { parse } from 'valibot';
import { answerOneRequest } from './process/answer-one-request.ts';
import { buildViews } from './views/build-views.ts';
import { viewsRequest } from './views/protocol.ts';

answerOneRequest(async function* (request) {
  yield await buildViews(parse(viewsRequest, request));
});
