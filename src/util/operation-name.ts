// The names of a service's operations, as they stand in subjects and heartbeats.

/** A heartbeat names them all, and has at most 4096 bytes. */
export const MAX_OPERATIONS = 50;
export const MAX_OPERATION_NAME_LENGTH = 64;
/** The one operation of a service that names none. */
export const DEFAULT_OPERATION = "get";
const NAME = /^[A-Za-z][A-Za-z0-9_-]*$/;

/** Letters, digits, `-` and `_`, starting with a letter: one token of a subject, and no wildcard. */
export const isOperationName = (name: string): boolean => name.length <= MAX_OPERATION_NAME_LENGTH && NAME.test(name);
