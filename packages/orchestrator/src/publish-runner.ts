/** Process entry: publishes one source. `publish/protocol.ts` has what goes in and out. */
import { parse } from 'valibot';
import { answerOneRequest } from './process/answer-one-request.ts';
import { publishRequest } from './publish/protocol.ts';
import { publishSource } from './publish/publish-source.ts';

answerOneRequest((request) => publishSource(parse(publishRequest, request)));
