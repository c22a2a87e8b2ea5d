import { type Caller, type Handlers, type Operation, peerOf, type RequestContext } from '@agnes/api-contract';
import { AgnesError } from '@agnes/errors';
import { withOrigin } from '@agnes/rbac';
import type { Context, Hono } from 'hono';
import { answer, withoutBody } from './answer.ts';
import { type Authenticate, admit, type GrantChecks, identify, visitor } from './authorize.ts';
import type { HttpEnvironment } from './environment.ts';
import { parseInput } from './input-issues.ts';
import { readBody } from './read-body.ts';
import { type Browsers, requireSameOrigin } from './same-origin.ts';
import { type FindViewed, viewedCaller } from './view-as.ts';

export interface MountOptions<Operations extends Record<string, Operation>> {
  readonly operations: Operations;
  readonly handlers: Handlers<Operations>;
  readonly authenticate: Authenticate;
  readonly grants: GrantChecks;
  readonly browsers: Browsers;
  readonly findViewed: FindViewed;
}

type AnyHandler = (input: unknown, context: RequestContext) => Promise<unknown>;

/**
 * Puts every operation on the app, with one handler each; a path that exists under another method answers 405. Throws
 * when an operation has no handler or a handler has no operation.
 */
export function mountOperations<Operations extends Record<string, Operation>>(
  app: Hono<HttpEnvironment>,
  options: MountOptions<Operations>,
): void {
  const handlers = options.handlers as Readonly<Record<string, AnyHandler>>;
  const methods = new Map<string, string[]>();
  for (const id of Object.keys(handlers)) {
    if (!Object.hasOwn(options.operations, id)) throw new Error(`The handler '${id}' implements no operation.`);
  }
  for (const [id, operation] of Object.entries(options.operations)) {
    const handler = Object.hasOwn(handlers, id) ? handlers[id] : undefined;
    if (handler === undefined) throw new Error(`The operation '${id}' has no handler.`);
    const path = operation.path.replaceAll(/\{(\w+)\}/g, ':$1');
    app.on(operation.method, path, serveOperation(operation, handler, options));
    const allowed = operation.method === 'GET' ? ['GET', 'HEAD'] : [operation.method];
    methods.set(path, [...(methods.get(path) ?? []), ...allowed]);
  }
  for (const [path, allow] of methods) app.all(path, refuseMethod(allow));
}

function serveOperation(
  operation: Operation,
  handler: AnyHandler,
  { authenticate, grants, browsers, findViewed }: Omit<MountOptions<never>, 'operations' | 'handlers'>,
) {
  return async function serveOperation(context: Context<HttpEnvironment>): Promise<Response> {
    context.set('operation', operation);
    requireSameOrigin(operation, context.req.raw, browsers);
    const asker = await admittedCaller(operation, authenticate, context);
    const caller =
      asker &&
      (await viewedCaller(operation, asker, { headers: context.req.raw.headers, ip: context.get('ip') }, findViewed));
    const params = operation.params && parseInput(operation.params, context.req.param(), 'params');
    if (typeof operation.access === 'object' && caller !== undefined) {
      const { grant, param } = operation.access;
      await grants[grant](caller, (params as Record<string, string>)[param] ?? '');
    }
    const query = operation.query && parseInput(operation.query, queryOf(context), 'query');
    const body = operation.body && parseInput(operation.body, await bodyOf(context, operation), 'body');
    const stillAdmitted = async (): Promise<void> => {
      await admittedCaller(operation, authenticate, context);
    };
    const asked = requestContext(context, caller, stillAdmitted);
    const origin = { ip: asked.ip, credentialId: caller?.credential.id ?? null };
    const result = await withOrigin(origin, () => handler({ params, query, body }, asked));
    const response = answer(operation, result);
    return context.req.method === 'HEAD' ? await withoutBody(response) : response;
  };
}

async function admittedCaller(
  operation: Operation,
  authenticate: Authenticate,
  context: Context<HttpEnvironment>,
): Promise<Caller | undefined> {
  const { access } = operation;
  if (access === 'public') return undefined;
  const { headers } = context.req.raw;
  const peer = peerOf({ ip: context.get('ip'), headers });
  const caller = await (access === 'visitor' ? visitor : identify)(authenticate, headers, peer);
  if (caller === undefined) return undefined;
  context.set('userId', caller.userId);
  admit(operation, caller);
  return caller;
}

function requestContext(
  context: Context<HttpEnvironment>,
  caller: Caller | undefined,
  stillAdmitted: () => Promise<void>,
): RequestContext {
  const { raw } = context.req;
  return {
    caller,
    stillAdmitted,
    requestId: context.get('requestId'),
    ip: context.get('ip'),
    headers: raw.headers,
    method: raw.method,
    // Asked for by few handlers, and costs an AbortController.
    get signal() {
      return raw.signal;
    },
  };
}

/** A parameter that is given once is text; one that is given more often is a list, which no schema takes for text. */
function queryOf(context: Context<HttpEnvironment>): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(context.req.queries()).map(([name, values]) => [
      name,
      values.length === 1 ? (values[0] ?? '') : values,
    ]),
  );
}

async function bodyOf(context: Context<HttpEnvironment>, operation: Operation): Promise<unknown> {
  const body = await readBody(context.req.raw, operation);
  if (body !== undefined) return body;
  if (operation.bodyOptional === true) return null;
  throw new AgnesError('invalid_request', 'The request has no body, and this operation needs one.', {
    hint: 'Send a JSON body; /openapi.json declares what it takes.',
    details: { issues: [{ field: 'body', message: 'is missing' }] },
  });
}

function refuseMethod(allow: readonly string[]) {
  return async function refuseMethod(context: Context<HttpEnvironment>): Promise<Response> {
    throw new AgnesError('method_not_allowed', `${context.req.method} is not possible at this path.`, {
      hint: `Use ${allow.join(' or ')}.`,
      details: { allow },
    });
  };
}
