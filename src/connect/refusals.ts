// The answers of an instance to what a handler throws.

import { type ErrorReply, refuse } from "../service/core/handler.ts";
import { OVERLOADED, type OverloadedBody } from "../service/core/overload.ts";
import { ServiceError } from "./errors.ts";

/** @throws what is no ServiceError: the core logs it, and answers with a 500 */
export type RefusalOf = (error: unknown) => ErrorReply;

const UNAVAILABLE = 503;

const always: RefusalOf = (error) => {
  if (error instanceof ServiceError) return refuse(error.code, error.message, error.data);
  throw error;
};

/** After the first item, no 503 is sent as 529. */
export const inAStream = always;

/**
 * A 503 does not say whether anything was done, and 529 says that nothing was. So a 503 is sent as 529 only where the
 * operation may be executed again. The core sends any other as 500.
 *
 * Its body says that the handler had begun: a caller may have called the operation with `idempotent: false`.
 */
const ofIdempotent: RefusalOf = (error) => {
  const refusal = always(error);
  return refusal.code === UNAVAILABLE ? { ...refusal, code: OVERLOADED, data: BEGUN } : refusal;
};

const BEGUN: OverloadedBody = { begun: true };

export const refusalsOf = ({ idempotent }: { readonly idempotent: boolean }): RefusalOf =>
  idempotent ? ofIdempotent : always;
