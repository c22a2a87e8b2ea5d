import type { Operation, OperationInput, OperationOutput, Operations } from '@agnes/api-contract';
import { type Route, routes } from '@agnes/api-contract/routes';
import { AgnesError } from '@agnes/errors';
import { type Attempt, attempt, type Prepared, readJson } from './attempt.ts';
import { pause, pauseBefore } from './retry.ts';
import { operationUrl, parseServerUrl } from './server-url.ts';

export interface ClientOptions {
  /** Address of the server, for example `https://agnes.example.com`. */
  readonly server: string | URL;
  readonly token?: string | undefined;
  readonly userAgent?: string | undefined;
  /** Time limit of one try in milliseconds, 30 s unless told. For bytes it ends when the headers are there. */
  readonly timeoutMs?: number | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Sees every JSON answer before its caller does; what it throws is the outcome of the request. */
  readonly check?: ((operation: OperationId, answer: unknown) => void | Promise<void>) | undefined;
}

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
}

export type OperationId = keyof Operations;

/** The fields of an input that an operation declares; those whose every field may be left out may be left out. */
type Declared<O extends Operation> = {
  [K in keyof OperationInput<O> as OperationInput<O>[K] extends undefined ? never : K]: OperationInput<O>[K];
};
type Needed<T> = { [K in keyof T as Record<string, never> extends T[K] ? never : null extends T[K] ? never : K]: T[K] };
type Spare<T> = { [K in keyof T as K extends keyof Needed<T> ? never : K]?: T[K] | undefined };

/** What a client passes to an operation: `params`, `query` and `body` as declared, and how to send it. */
export type CallInput<Id extends OperationId> = Needed<Declared<Operations[Id]>> &
  Spare<Declared<Operations[Id]>> &
  RequestOptions;

/** The input may be left out altogether when nothing in it is needed. */
type Arguments<Id extends OperationId> =
  Record<string, never> extends CallInput<Id> ? [input?: CallInput<Id>] : [input: CallInput<Id>];

/** An operation by its id, or the declaration itself. */
export type OperationRef<Id extends OperationId> = Id | { readonly id: Id };

export type Client = {
  readonly [Id in OperationId]: (...input: Arguments<Id>) => Promise<OperationOutput<Operations[Id]>>;
} & {
  /** The same as the method of the operation. */
  call<Id extends OperationId>(
    operation: OperationRef<Id>,
    input: CallInput<Id>,
    init?: RequestOptions,
  ): Promise<OperationOutput<Operations[Id]>>;
  /** The response as it came: its status (2xx or 304), headers and unread body. Other statuses are thrown. */
  raw<Id extends OperationId>(
    operation: OperationRef<Id>,
    input: CallInput<Id>,
    init?: RequestOptions,
  ): Promise<Response>;
};

interface LooseInput extends RequestOptions {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

/**
 * A client of one server with a method for each operation of the contract. It sends and reads JSON and trusts its shape:
 * who writes what it got into files parses it with the schemas of `@agnes/api-contract` first.
 *
 * Every failure is an `AgnesError`: the server's own problem, `server_unreachable`, or `server_error`. GET is tried up to
 * three times when the network fails or the server is busy; nothing else is ever sent twice. The token is sent to the
 * server's own origin only and is in no error. Throws `usage` for an address and `invalid_credentials` for a token that
 * cannot be sent.
 */
export function createClient(options: ClientOptions): Client {
  const server = parseServerUrl(String(options.server));
  if (options.token !== undefined && !/^[\x21-\x7e]+$/.test(options.token)) {
    throw new AgnesError('invalid_credentials', 'The access token is empty or has characters that no token has.', {
      hint: 'Sign in again: agnes auth login',
    });
  }

  async function send<T>(
    operation: OperationRef<OperationId>,
    input: LooseInput,
    init: RequestOptions,
    read: (route: Route, request: Prepared, response: Response) => Promise<T>,
  ): Promise<T> {
    const route: Route = routes[idOf(operation)];
    const request = prepare(options, server, route, {
      ...input,
      ...init,
      headers: { ...input.headers, ...init.headers },
    });
    return await withRetries(request, () => attempt(request, (response) => read(route, request, response)));
  }

  const call = (operation: OperationRef<OperationId>, input: LooseInput = {}, init: RequestOptions = {}) =>
    send(operation, input, init, async (route, request, response) => {
      const answer = await readAnswer(route, request, response);
      if (route[2] === 'json') await options.check?.(idOf(operation), answer);
      return answer;
    });
  const raw = (operation: OperationRef<OperationId>, input: LooseInput = {}, init: RequestOptions = {}) =>
    send(operation, input, init, async (_route, _request, response) => response);

  const methods = Object.fromEntries(
    (Object.keys(routes) as OperationId[]).map((id) => [id, (input?: LooseInput) => call(id, input)]),
  );
  return { ...methods, call, raw } as unknown as Client;
}

function idOf(operation: OperationRef<OperationId>): OperationId {
  return typeof operation === 'string' ? operation : operation.id;
}

function prepare(options: ClientOptions, server: URL, [method, path]: Route, input: LooseInput): Prepared {
  const headers = new Headers(input.headers);
  headers.set('accept', headers.get('accept') ?? 'application/json');
  if (options.userAgent !== undefined) headers.set('user-agent', options.userAgent);
  if (options.token !== undefined) headers.set('authorization', `Bearer ${options.token}`);
  if (input.body !== undefined) headers.set('content-type', 'application/json');
  return {
    server,
    url: operationUrl(server, path, input.params ?? {}, input.query ?? {}),
    method,
    headers,
    body: input.body === undefined ? undefined : JSON.stringify(input.body),
    signal: input.signal,
    timeoutMs: input.timeoutMs ?? options.timeoutMs ?? 30_000,
    token: options.token,
    fetch: options.fetch ?? globalThis.fetch,
  };
}

async function readAnswer([, , kind]: Route, request: Prepared, response: Response): Promise<unknown> {
  if (kind === 'binary') return response;
  if (response.status === 304) throw new Error('A conditional request is answered through raw().');
  if (kind === 'json') return await readJson(request, response);
  await response.body?.cancel();
  return undefined;
}

async function withRetries<T>(request: Prepared, send: () => Promise<Attempt<T>>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    const result = await send();
    if ('value' in result) return result.value;
    const wait =
      request.method === 'GET' && result.passing ? pauseBefore(tried, result.retryAfter, Date.now()) : undefined;
    if (wait === undefined) throw result.error;
    await pause(wait, request.signal);
  }
}
