// Thrown values as text. Any code may throw any value, so each function takes `unknown`.

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** The stack, which names the place, for a bug. Never throws. */
export const stackOf = (error: unknown): string =>
  readSafely(() => String(error instanceof Error ? (error.stack ?? error.message) : error));

/** Never throws, whatever was thrown: `message` may be a getter, and `toString` be missing. */
export const textOf = (error: unknown): string =>
  readSafely(() => String(error instanceof Error ? error.message || error.name : error));

function readSafely(read: () => string): string {
  try {
    return read();
  } catch {
    return "what was thrown cannot be shown";
  }
}

/** The code of an error of Node or of the system, such as ENOENT. */
export const errorCode = (error: unknown): string | undefined =>
  error instanceof Error && "code" in error ? String(error.code) : undefined;
