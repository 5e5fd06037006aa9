// The lines of a page's ratings, one row for each event. Their wording is fixed: they have neither level nor logger, as the
// original printed them.

import type { LogEntry } from "../../program/log.ts";
import { isPrinted, type LogLevel } from "../../settings.ts";

/** The events of the ratings on one page, besides the events of its calls. */
export type PageEvent =
  | { readonly kind: "asking"; readonly thingID: string }
  | { readonly kind: "waited"; readonly waitedMs: number }
  | { readonly kind: "got"; readonly thingID: string; readonly rating: number }
  | { readonly kind: "bad"; readonly thingID: string; readonly why: string };

type PageEventByKind = { readonly [E in PageEvent as E["kind"]]: E };

interface PageRow<E> {
  readonly level: LogLevel;
  readonly text: (event: E) => string;
}

const PAGE_EVENTS: { readonly [K in keyof PageEventByKind]: PageRow<PageEventByKind[K]> } = {
  asking: { level: "INFO", text: ({ thingID }) => `ASK for ${thingID}` },
  waited: { level: "INFO", text: ({ waitedMs }) => `WAITED ${Math.round(waitedMs)}ms` },
  got: { level: "INFO", text: ({ thingID, rating }) => `GOT ${thingID}: ${rating}` },
  bad: { level: "WARNING", text: ({ thingID, why }) => `BAD ${thingID}: ${why}` },
};

const rowOf = (event: PageEvent): PageRow<PageEvent> => PAGE_EVENTS[event.kind] as PageRow<PageEvent>;

/** At level `least` the line is not printed, and need not be made: it would come with every page. */
export const isSilent = (event: PageEvent, least: LogLevel): boolean => !isPrinted(rowOf(event).level, least);

export function pageLine(event: PageEvent): LogEntry {
  const { level, text } = rowOf(event);
  return { level, text: text(event) };
}
