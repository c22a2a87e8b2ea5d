export {
  type CallInput,
  type Client,
  type ClientOptions,
  createClient,
  type OperationId,
  type OperationRef,
  type RequestOptions,
} from './client.ts';
export { parseServerUrl } from './server-url.ts';
