// The reasons why an instance does not start.

/** The bus was closed before the instance had started: nothing could be received on it any more. */
export class BusClosed extends Error {
  override readonly name = "BusClosed";
}

/** The credentials of the bus are not those of the service. Waiting would not change that. */
export class NotPermitted extends Error {
  override readonly name = "NotPermitted";
}
