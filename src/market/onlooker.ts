// Who may see the board: it tells where every process is and how it is doing, which is for those who run the Market.
// Unless BOARD=public that is this machine: the connection comes from it, and the browser was told to go to it by a name
// that only this machine has (else a page elsewhere whose name leads here could read along). Pure.

export interface Onlooker {
  /** Where the connection comes from. */
  readonly peer: string | undefined;
  /** The Host header. */
  readonly host: string | undefined;
  /** A proxy has brought it along, and says so: then it comes from wherever it came to the proxy. */
  readonly isForwarded?: boolean;
}

const LOOPBACK_PEER = /^(127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+)$/;
const LOOPBACK_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/i;

export function mayLook({ peer, host }: Onlooker, isPublic: boolean): boolean {
  return isPublic || (LOOPBACK_PEER.test(peer ?? "") && LOOPBACK_HOST.test(host ?? ""));
}

/** Who may not only look: this is stricter, and no setting changes it. */
export const isOnThisMachine = (onlooker: Onlooker): boolean =>
  onlooker.isForwarded !== true && mayLook(onlooker, false);
