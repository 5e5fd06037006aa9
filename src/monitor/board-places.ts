// The addresses of the board, and what the shop's page answers where they are elsewhere: known to the Market, which serves
// them, and to terminals, which ask for them.

export const BOARD_PATHS = {
  page: "/board",
  data: "/board.json",
  feed: "/board/events",
  metrics: "/metrics",
} as const;

/** Says where, with no word of port or settings: shoppers read it as well. */
export const ON_ADMIN_PORT = "the board, the metrics and the faults are on the admin port of the Market’s own machine";
