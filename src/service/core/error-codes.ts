// The side at fault for an error of a service, by its code.

const CALLER_ERROR_CODES = { min: 400, max: 499 } as const;

/** 400 to 499: the request was wrong, and the instance has answered as it should. */
export const isCallersFault = (code: number): boolean =>
  code >= CALLER_ERROR_CODES.min && code <= CALLER_ERROR_CODES.max;
