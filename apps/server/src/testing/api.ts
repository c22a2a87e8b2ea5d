import { operations } from '@agnes/api-contract';
import * as v from 'valibot';

export type OperationId = keyof typeof operations;

export interface Call {
  /** Instead of the operation's own. */
  readonly method?: 'HEAD';
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly body: any;
  readonly bytes: Buffer;
}

/** Calls operations of a running server by plain HTTP, and holds every answer to what the contract declares. */
export function apiOf(url: string, token?: string) {
  return async function call(
    id: OperationId,
    { method, params = {}, query, body, headers = {} }: Call = {},
  ): Promise<Answer> {
    const operation = operations[id];
    const path = operation.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
      encodeURIComponent(params[name] ?? ''),
    );
    const response = await fetch(`${url}${path}${query === undefined ? '' : `?${new URLSearchParams(query)}`}`, {
      method: method ?? operation.method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const bytes = Buffer.from(await response.arrayBuffer());
    const isJson =
      bytes.length > 0 && /^application\/(problem\+)?json/.test(response.headers.get('content-type') ?? '');
    const answer = {
      status: response.status,
      headers: response.headers,
      bytes,
      body: isJson ? JSON.parse(bytes.toString()) : undefined,
    };
    if (
      response.status === operation.status &&
      // A query answers with a file when one is asked for.
      (isJson || id !== 'query') &&
      typeof operation.response === 'object' &&
      'type' in operation.response
    ) {
      v.parse(operation.response as v.GenericSchema, answer.body);
    } else if (response.status >= 400) {
      checkProblem(id, answer);
    }
    return answer;
  };
}

export type Api = ReturnType<typeof apiOf>;

function checkProblem(id: OperationId, { status, headers, body }: Answer): void {
  const type = headers.get('content-type');
  if (type !== 'application/problem+json') throw new Error(`${id} answered ${status} as ${type}.`);
  if (body.status !== status || typeof body.code !== 'string' || typeof body.detail !== 'string') {
    throw new Error(`${id} answered with a poor problem: ${JSON.stringify(body)}`);
  }
}

/** Signs in, and calls as that person from then on. */
export async function signIn(url: string, email: string, password: string): Promise<Api> {
  const { status, body } = await apiOf(url)('signIn', { body: { email, password } });
  if (status !== 200) throw new Error(`${email} cannot sign in: ${JSON.stringify(body)}`);
  return apiOf(url, body.access_token);
}

/** Starts a sync and waits for its end. */
export async function sync(admin: Api, body?: unknown): Promise<Answer> {
  const { status, body: triggered } = await admin('triggerSync', body === undefined ? {} : { body });
  if (status !== 200) throw new Error(`The sync was not triggered: ${JSON.stringify(triggered)}`);
  for (;;) {
    const answer = await admin('getJob', { params: { id: triggered.job_id } });
    if (!['queued', 'running'].includes(answer.body.status)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
