// What a handler throws, as its instance answers it.

import { type ErrorReply, refuse } from "../service/core/handler.ts";
import { OVERLOADED } from "../service/core/overload.ts";
import { ServiceError } from "./errors.ts";

/** @throws what is no ServiceError: the core logs it, and answers with a 500 */
export type RefusalOf = (error: unknown) => ErrorReply;

const UNAVAILABLE = 503;

const always: RefusalOf = (error) => {
  if (error instanceof ServiceError) return refuse(error.code, error.message, error.data);
  throw error;
};

/**
 * A 503 does not say whether anything was done, and 529 says that nothing was. So a 503 is sent as 529 only where the
 * operation may be executed again. The core sends any other as 500.
 */
const ofIdempotent: RefusalOf = (error) => {
  const refusal = always(error);
  return refusal.code === UNAVAILABLE ? { ...refusal, code: OVERLOADED } : refusal;
};

export const refusalsOf = ({ idempotent }: { readonly idempotent: boolean }): RefusalOf =>
  idempotent ? ofIdempotent : always;
