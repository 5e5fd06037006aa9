// The headers of a message: written into one block of text that is sent in front of the body, and parsed from it.
//
// The client library's own headers cost a caller a quarter more of its processor time for each call: an object with a map
// of arrays, encoded and copied. It also compares each header with all before it, so that one answer with 40,000 headers
// (400 KB) blocked a caller for minutes. A block of text goes out with the message in one buffer, and is parsed in one pass.

/** The fields of a message by their names in lower case. Of two fields with one name the first counts. */
export type Headers = ReadonlyMap<string, string>;

/** The lines of a message's headers, as `headerLines` writes them: each `name: value`, with its line end. */
export type HeaderLines = string;

export interface ParsedHeaders {
  /** The server's status, as in `NATS/1.0 503`; 0: the message is none of the server's. */
  readonly status: number;
  readonly fields: Headers;
}

const refuseChange = (): never => {
  throw new TypeError("the headers of a message are read only");
};

/** Messages with equal headers share one map. A handler that changed it would change those of another request. */
const readOnly = (fields: Map<string, string>): Headers =>
  Object.assign(fields, { set: refuseChange, delete: refuseChange, clear: refuseChange });

export const NO_HEADERS: Headers = readOnly(new Map());

const VERSION = "NATS/1.0";
const LINE_END = "\r\n";
/** More than any message has. Beyond it a message cannot be read. */
const MAX_HEADERS = 100;
/** A name as HTTP has it, without a colon. */
const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** A line end in a value would start a header of its own. */
const UNSENDABLE = /[\r\n]/;

/**
 * @param fields names and values; a value is one line of text
 * @throws Error for a name or a value that cannot be sent: a bug of the caller, which has checked what users gave
 */
export function headerLines(fields: Iterable<readonly [name: string, value: string]>): HeaderLines {
  let lines = "";
  for (const [name, value] of fields) {
    if (!isHeaderName(name)) throw new Error(`bus: ${JSON.stringify(name)} is no name of a header`);
    if (!isHeaderValue(value)) throw new Error(`bus: the header ${name} has more than one line`);
    lines += `${name}: ${value}${LINE_END}`;
  }
  return lines;
}

export const isHeaderName = (name: string): boolean => NAME.test(name);
export const isHeaderValue = (value: string): boolean => !UNSENDABLE.test(value);

/** The whole block, as it stands in front of the body. */
export const headerBlock = (lines: HeaderLines): string => `${VERSION}${LINE_END}${lines}${LINE_END}`;

/** @returns undefined if the block is none of NATS, or has more than a hundred headers */
export function parseHeaders(block: string): ParsedHeaders | undefined {
  if (!block.startsWith(VERSION) || !block.endsWith(LINE_END + LINE_END)) return undefined;
  const firstEnd = block.indexOf(LINE_END);
  const fields = parseFields(block, firstEnd + LINE_END.length);
  return fields && { status: statusOf(block.slice(VERSION.length, firstEnd)), fields };
}

/** `rest` is the first line behind the version: empty, or a status and a description. */
function statusOf(rest: string): number {
  const [, code] = /^ (\d{3})(?: |$)/.exec(rest) ?? [];
  return code === undefined ? 0 : Number(code);
}

function parseFields(block: string, from: number): Headers | undefined {
  const end = block.length - LINE_END.length;
  if (from >= end) return NO_HEADERS;
  const fields = new Map<string, string>();
  for (let at = from, count = 1; at < end; count += 1) {
    if (count > MAX_HEADERS) return undefined;
    const lineEnd = block.indexOf(LINE_END, at);
    addField(fields, block.slice(at, lineEnd));
    at = lineEnd + LINE_END.length;
  }
  return readOnly(fields);
}

/** A line without a colon is no field. Other clients skip it as well. */
function addField(fields: Map<string, string>, line: string): void {
  const colon = line.indexOf(":");
  if (colon < 1) return;
  const name = line.slice(0, colon).toLowerCase();
  if (!fields.has(name)) fields.set(name, line.slice(colon + 1).trim());
}
