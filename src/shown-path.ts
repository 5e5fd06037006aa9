// Paths that may be printed, typed again and written into a server's configuration.

/** Control characters, ends of lines, and what stands for bytes that are not UTF-8. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\ufffd]/gu;

export const PATH_RULE = "a path in UTF-8 without control characters";

export const shownPath = (path: string): string => path.replace(UNPRINTABLE, "?");

export const isPrintablePath = (path: string): boolean => shownPath(path) === path;
