// The hint for a process that is probably paused: by ^Z in its window, or by a signal. Which of the two it was cannot be
// seen from here, so the hint has both.

import { isLoopback } from "../../../protocol.ts";

/** @param place where it accepts connections, and says nothing */
export function continueListener({ host, port }: { readonly host: string; readonly port: number }): string {
  const where = isLoopback(host) ? "" : `, on ${host}`;
  return `fg   (in its window; or  kill -CONT PID  with the PID that this names${where}:  ss -ltnp 'sport = :${port}' )`;
}

const HTTP_PORT = 80;

/** @param url of a Market */
export function continueMarket(url: string): string {
  const { hostname, port } = new URL(url);
  return continueListener({ host: hostname, port: Number(port || HTTP_PORT) });
}

export const CONTINUE_INSTANCE = "fg   (in its window; or  kill -CONT PID  with the PID that it printed at its start)";
