// Remote addresses of a process's open connections, parsed from the text of /proc/<pid>/net/tcp.

/** The column that says "established". */
const ESTABLISHED = "01";

/** @returns the addresses at the other end of all established connections to `port` */
export function connectedTo(listed: string, port: number): readonly string[] {
  return listed
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state]) => state === ESTABLISHED)
    .map(([, , other = ""]) => other.split(":"))
    .filter(([, end = ""]) => Number.parseInt(end, 16) === port)
    .map(([address = ""]) => addressOf(address));
}

/** Four bytes in hexadecimal, the last one first: the kernel prints host order, which is little-endian here. */
function addressOf(hex: string): string {
  const bytes = hex.match(/../g) ?? [];
  return bytes
    .reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join(".");
}
