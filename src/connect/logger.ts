// Where the library reports what its user should see, and no promise or event says: `console`, or a logger of the user's.

import { safely } from "../bus/bus.ts";

/** `console` is one, and so are the loggers of pino and winston. */
export interface Logger {
  /** What goes on all the same, such as an instance that waits for the bus. */
  warn(message: string): void;
  /** @param error what was thrown, with its stack */
  error(message: string, error?: unknown): void;
}

/** The two functions of a logger. They never throw. */
export interface SafeLogger {
  readonly warn: (message: string) => void;
  readonly error: (message: string, error?: unknown) => void;
}

export function safeLogger(logger: Logger = console): SafeLogger {
  return {
    warn: safely((message) => logger.warn(message)),
    error: (message, error) =>
      safely(() => (error === undefined ? logger.error(message) : logger.error(message, error)))(message),
  };
}
