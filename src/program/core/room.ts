// The number of visitors' connections that a listener may hold: fewer than the descriptors that the kernel grants, so
// that the bus, the record and the collector still get one when every visitor stays.

/** The descriptors of this process. */
export interface Descriptors {
  /** The most that it may have open at once; Infinity without a limit. */
  readonly limit: number;
  /** Those that it had open before it took visitors. */
  readonly inUse: number;
}

/** At 16 KB each 16 MB. A browser opens six, and a page keeps one for a second at most. */
const MAX_CONNECTIONS = 1_000;
/** For the bus (every address of a cluster at once), its server's pipes, files, the collector, and the admin listener. */
const RESERVE = 128;
/** All viewers of the board, and beside them the pages, scrapes and commands of those who run the Market. */
const MAX_ADMINS = 300;
/** A few browsers and a scraper, also where descriptors are few. */
const MIN_ADMINS = 8;

/** With few descriptors visitors get half of those that are left. */
export function roomForVisitors({ limit, inUse }: Descriptors): number {
  const left = Math.max(0, limit - inUse);
  return Math.max(1, Math.min(MAX_CONNECTIONS, Math.max(left - RESERVE, Math.floor(left / 2))));
}

/** Connections of the admin listener: of the reserve at most half, and more of what visitors may not have. */
export function roomForAdmins(descriptors: Descriptors): number {
  const left = Math.max(0, descriptors.limit - descriptors.inUse) - roomForVisitors(descriptors);
  return Math.max(MIN_ADMINS, Math.min(MAX_ADMINS, left - RESERVE / 2));
}
