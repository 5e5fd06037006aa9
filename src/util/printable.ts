// Text from outside, made safe for a message: without control characters, and without the name and password of an address.

/**
 * An address as it may be printed. What stands before its last @ is a name and a password; a comma or a slash in a
 * password cuts an address in two, so a port that is no number and a query are hidden as well.
 */
export function shownUrl(url: string): string {
  const [, scheme = "", rest = ""] = /^([a-z][a-z0-9+.-]*:\/\/)?(.*)$/is.exec(url) ?? [];
  const at = rest.lastIndexOf("@");
  const [, host = "", port = "", after = ""] = /^(\[[^\]]*\]|[^:/?#]*)(:[^/?#]*)?(.*)$/s.exec(rest.slice(at + 1)) ?? [];
  const shownPort = /^(:\d{0,5})?$/.test(port) ? port : ":…";
  return `${scheme}${at < 0 ? "" : "…@"}${host}${shownPort}${after.replace(/[?#].*$/s, "?…")}`;
}

/** @param text what may repeat a part of `url`, as an error of some library does: without name and password of it */
export function withoutUserinfo(text: string, url: string): string {
  if (!URL.canParse(url)) return text;
  const { username, password } = new URL(url);
  const parts = [password, username].flatMap((part) => [part, decodedPart(part)]);
  return parts.reduce((shown, part) => (part === "" ? shown : shown.replaceAll(part, "…")), text);
}

/** A percent sign that begins no escape was typed as such. */
export function decodedPart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * `//`, what may be a name and a password, and the @ behind it. It ends at a space, and where the next address begins. A
 * match begins at the slashes, so that a long text without an address is read once.
 */
const USERINFO = /(:\/\/)(?:(?!:\/\/)\S)*@/g;

/** @param text any text that goes out: without name and password of each address in it */
export function withoutUserinfos(text: string): string {
  return text.includes("@") ? text.replace(USERINFO, "$1…@") : text;
}

/** A value as a person typed it, where another was expected: an address in the wrong place, for one. */
export const shownValue = (value: string): string => (value.includes("@") ? shownUrl(value) : value);

/** A value in quotes for a message, cut to `maxLength` characters: a hostile one must not fill a screen. */
export function quoted(value: string, maxLength: number): string {
  // Before the cut: without its @ an address with a password would not be recognised.
  const typed = withoutUserinfos(value);
  return JSON.stringify(typed.length > maxLength ? `${typed.slice(0, maxLength)}…` : typed);
}

/** Control characters, ends of lines, and what stands for bytes that are not UTF-8. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\ufffd]/gu;

export const PATH_RULE = "a path in UTF-8 without control characters";

export const shownPath = (path: string): string => path.replace(UNPRINTABLE, "?");

export const isPrintablePath = (path: string): boolean => shownPath(path) === path;
