// Thrown values as text. Any code may throw any value, so each function takes `unknown`.

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The stack, which names the place, for a bug. */
export const stackOf = (error: unknown): string =>
  String(error instanceof Error ? (error.stack ?? error.message) : error);

/** The code of an error of Node or of the system, such as ENOENT. */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error ? String(error.code) : undefined;
