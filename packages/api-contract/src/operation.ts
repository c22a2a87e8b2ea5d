import type { ErrorCode } from '@agnes/errors';
import type { GenericSchema, InferInput, InferOutput } from 'valibot';
import type { Scope } from './scopes.ts';

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * Who may call an operation. The server enforces it before the handler runs.
 *
 * - `public`: anybody, and nobody asks who.
 * - `visitor`: anybody; the caller is known when the request's session holds. For pages.
 * - `caller`: any active account, by session or access token.
 * - `session`: any active account, but not by an access token (a token must not mint tokens).
 * - `admin`: a member of the Admin group.
 * - `admin_or_scheduler`: that, or the scheduler's own narrow token.
 * - `{ grant, param }`: a caller to whom the resource named by that path parameter is granted. Unknown and forbidden
 *   resources answer alike.
 */
export type Access =
  | 'public'
  | 'visitor'
  | 'caller'
  | 'session'
  | 'admin'
  | 'admin_or_scheduler'
  | { readonly grant: 'table' | 'blob'; readonly param: string };

/** What a successful answer carries: JSON of a schema, nothing, or bytes of a media type. */
export type ResponseBody = GenericSchema | 'empty' | { readonly binary: string };

/** One operation of the API. A GET operation answers HEAD too. */
export interface Operation {
  /** Name of the operation in clients and in the OpenAPI document, in camelCase. */
  readonly id: string;
  readonly method: Method;
  /** Path with parameters in braces: `/api/v2/schema/{id}`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly access: Access;
  /** Narrow scopes whose tokens may call it, as far as their owner may. Without any only `general` ones may. */
  readonly scopes?: readonly Scope[];
  /** Whether the body may come as an HTML form; such a request must prove that it comes from a page of this server. */
  readonly form?: true;
  readonly params?: GenericSchema;
  readonly query?: GenericSchema;
  readonly body?: GenericSchema;
  /** Whether the body may be left out altogether. */
  readonly bodyOptional?: boolean;
  readonly status: number;
  readonly response: ResponseBody;
  /** Codes of this operation beside those that every operation may answer with. */
  readonly errors: readonly ErrorCode[];
  /** Whether an administrator may look at it as somebody else (`X-Agnes-View-As`). Only what reads declares it. */
  readonly viewAs?: true;
  /** The CLI command that is this operation, without `agnes`. */
  readonly cli?: string;
}

/** Keeps the literal types of an operation. */
export function defineOperation<const O extends Operation>(operation: O): O {
  return operation;
}

type In<S> = S extends GenericSchema ? InferInput<S> : undefined;
type Out<S> = S extends GenericSchema ? InferOutput<S> : undefined;

/** What a client sends. */
export interface OperationInput<O extends Operation> {
  readonly params: In<O['params']>;
  readonly query: In<O['query']>;
  readonly body: In<O['body']>;
}

/** What a handler receives: the same, validated and with defaults filled in. */
export interface HandlerInput<O extends Operation> {
  readonly params: Out<O['params']>;
  readonly query: Out<O['query']>;
  readonly body: Out<O['body']>;
}

/** What a client gets back: the JSON body, `undefined` for an empty one, a `Response` for bytes. */
export type OperationOutput<O extends Operation> = O['response'] extends GenericSchema
  ? InferOutput<O['response']>
  : O['response'] extends 'empty'
    ? undefined
    : Response;
