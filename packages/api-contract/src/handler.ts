import type { GenericSchema, InferInput } from 'valibot';
import type { RequestContext } from './context.ts';
import type { HandlerInput, Operation } from './operation.ts';

/** A JSON answer with another status or more headers than the operation's own. */
export class Reply<T> {
  readonly body: T;
  readonly init: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> };

  constructor(body: T, init: Reply<T>['init'] = {}) {
    this.body = body;
    this.init = init;
  }
}

type Body<O extends Operation> = O['response'] extends GenericSchema
  ? InferInput<O['response']>
  : O['response'] extends 'empty'
    ? undefined
    : Response;

/**
 * The implementation of an operation: the JSON body, a {@link Reply}, or a `Response` of its own (bytes, 304). Errors are
 * thrown as `AgnesError`.
 */
export type Handler<O extends Operation> = (
  input: HandlerInput<O>,
  context: RequestContext,
) => Promise<Body<O> | Reply<Body<O>> | Response>;

/** Implementations of some operations, by operation id. */
export type Handlers<Operations extends Record<string, Operation>> = {
  readonly [Id in keyof Operations]: Handler<Operations[Id]>;
};
