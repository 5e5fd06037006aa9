// Hands a message to whoever subscribed, so that what goes wrong there stays there.

import type { Message } from "./bus.ts";

/** A receiver that throws must not end the bus's reading, and one that rejects must not end the process: both are blamed. */
export function dispatchSafely(
  message: Message,
  receive: (message: Message) => unknown,
  onError: (subject: string, error: unknown) => void,
): void {
  const fail = (error: unknown): void => onError(message.subject, error);
  try {
    const returned = receive(message);
    if (returned instanceof Promise) returned.catch(fail);
  } catch (error) {
    fail(error);
  }
}
