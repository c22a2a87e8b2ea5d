import { runConnector } from '@agnes/extract-contract';
import { filesConnector } from './connector.ts';

await runConnector(filesConnector);
