// The customer of a call is metadata: it travels beside the input, and `within` passes it on.

import { type Middleware, ServiceError } from "datawire-connect";

/** On a caller: each of its calls is for this customer. */
export const asCustomer =
  (customer: string): Middleware =>
  (call, next) => {
    call.metadata = { ...call.metadata, customer };
    return next();
  };

/** On an instance: no handler gets a call without a customer. */
export const needsCustomer: Middleware = async (call, next) => {
  if (call.metadata["customer"] === undefined) throw new ServiceError(401, "no customer");
  return next();
};
