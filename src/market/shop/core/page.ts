// The view model of the home page: the template has no logic beyond layout. Texts that never change (prices, addresses
// of pictures) are made once, at start.

import { type InstanceStates, NO_STATES } from "../../../monitor/instance-states.ts";
import { ALL_DOWN, BUS_AWAY } from "../../ratings/core/failure-text.ts";
import type { PageRatings, RatingView } from "../../ratings/rate-page.ts";
import { ageText, countText, instancesText, priceText, ratingText } from "../../web/core/page-format.ts";
import type { Cart } from "./cart.ts";
import { type Catalogue, type Thing, totalCents } from "./catalogue.ts";
import { type Chips, chipsOf } from "./chips.ts";

/** The part of a card that is the same on every page. */
export interface ProductView {
  readonly thing: Thing;
  readonly picture: string;
  readonly price: string;
  /** HTML: the sentence about the thing, behind which description and warnings are. */
  readonly details: string;
}

export interface RatingLabel {
  /** `4.5` */
  readonly text: string;
  readonly starsWidth: number;
  readonly fresh: boolean;
  /** `fresh`, or `last known, 12 s ago` */
  readonly state: string;
  readonly instance: number;
}

export interface Card extends ProductView {
  /** null: no rating yet, or the monolith. */
  readonly rating: RatingLabel | null;
  readonly inCart: boolean;
}

/** Missing values are null, never undefined: the templates throw on undefined, so that a typing error is found. */
export interface Page {
  readonly title: string;
  readonly message: string | null;
  readonly status: RatingsStatus | null;
  /** Made when a template asks for them: a page that is found in the cache needs none. They follow from what is below. */
  readonly chips: () => Chips;
  readonly statesVersion: number;
  readonly cards: readonly Card[];
  readonly cartCards: readonly Card[];
  readonly cartCount: string;
  readonly total: string;
  /** The address of the board; null: this visitor cannot reach one. */
  readonly boardUrl: string | null;
}

export interface PageInput {
  readonly cart: Cart;
  readonly message: string | undefined;
  /** undefined: the monolith. */
  readonly ratings: PageRatings | undefined;
  readonly boardUrl?: string | undefined;
  /** Of the instances when the ratings have arrived; left out: none are known. */
  readonly states?: InstanceStates | undefined;
}

export const SITE_NAME = "Datawire Market";

/** @param pictureOf the address of a thing's picture; @param detailsOf HTML, made once for all pages */
export function productViews(
  catalogue: Catalogue,
  pictureOf: (id: string) => string,
  detailsOf: (thing: Thing) => string,
): readonly ProductView[] {
  return catalogue.things.map((thing) => ({
    thing,
    picture: pictureOf(thing.id),
    price: priceText(thing.priceCents),
    details: detailsOf(thing),
  }));
}

export function makePage(catalogue: Catalogue, products: readonly ProductView[], input: PageInput): Page {
  const { cart, message, ratings, states = NO_STATES, boardUrl = null } = input;
  const cards = products.map((product) => toCard(product, cart, ratings?.ratings.get(product.thing.id)));
  return {
    // Screen readers announce the title first after a navigation, so the message comes before it.
    title: message === undefined ? SITE_NAME : `${message} · ${SITE_NAME}`,
    message: message ?? null,
    status: ratings === undefined ? null : ratingsStatus(products.length, ratings),
    chips: () => chipsOf(answeredBy(ratings), states),
    statesVersion: states.version,
    cards,
    cartCards: cards.filter((card) => card.inCart),
    cartCount: countText(cart.size, "thing"),
    total: priceText(totalCents(catalogue, cart)),
    boardUrl,
  };
}

function toCard(product: ProductView, cart: Cart, rating: RatingView | undefined): Card {
  const { thing, picture, price, details } = product;
  return {
    thing,
    picture,
    price,
    details,
    rating: rating === undefined ? null : toRatingLabel(rating),
    inCart: cart.has(thing.id),
  };
}

function toRatingLabel(view: RatingView): RatingLabel {
  return {
    text: ratingText(view.rating),
    starsWidth: starsWidth(view.rating),
    fresh: view.fresh,
    state: view.fresh ? "fresh" : `last known, ${ageText(view.ageMs)} ago`,
    instance: view.instance,
  };
}

export interface RatingsStatus {
  /** Selects the style: all fresh, some old, or none answered. */
  readonly tone: "good" | "partly" | "down";
  readonly text: string;
  /** The reasons that the failed requests gave. */
  readonly why: string | null;
  /** The instances that answered, or answered last; null: none ever did. */
  readonly who: string | null;
}

/**
 * The status line: one sentence about the ratings, for visitors. The rest of the page is the same in every case.
 * @param thingCount how many things the page shows
 */
export function ratingsStatus(thingCount: number, page: PageRatings): RatingsStatus {
  const known = [...page.ratings.values()];
  const fresh = known.filter((rating) => rating.fresh);
  return { ...sentenceOf(thingCount, known.length, fresh.length, page), who: whoText(known, fresh) };
}

const answeredBy = (page: PageRatings | undefined): ReadonlySet<number> =>
  new Set([...(page?.ratings.values() ?? [])].filter(({ fresh }) => fresh).map(({ instance }) => instance));

function sentenceOf(
  thingCount: number,
  known: number,
  fresh: number,
  { failureReasons }: PageRatings,
): Pick<RatingsStatus, "tone" | "text" | "why"> {
  if (fresh > 0 && fresh === thingCount) return { tone: "good", text: "All ratings are fresh.", why: null };
  const why = whyText(fresh, failureReasons);
  if (fresh === 0) return { tone: "down", text: noneFresh(known, failureReasons), why };
  return { tone: "partly", text: partlyFresh(thingCount, known, fresh), why };
}

function noneFresh(known: number, trouble: readonly string[]): string {
  const allDown = trouble.includes(ALL_DOWN);
  const isCutOff = trouble.length > 0 && trouble.every((reason) => reason === BUS_AWAY);
  if (known === 0) {
    if (allDown) return "No ratings yet: no ratings service is running.";
    return isCutOff ? "No ratings yet: the ratings cannot be reached at the moment." : "No ratings yet.";
  }
  if (allDown) return "All ratings services are down: these are the last known ratings.";
  return isCutOff
    ? "The ratings cannot be reached at the moment: these are the last known ratings."
    : "No ratings service answered: these are the last known ratings.";
}

function partlyFresh(thingCount: number, known: number, fresh: number): string {
  const old = known - fresh;
  const missing = thingCount - known;
  const parts = [`${countText(fresh, "rating")} fresh`];
  if (old > 0) parts.push(`${old} last known`);
  if (missing > 0) parts.push(`${missing} not known yet`);
  return `${parts.join(", ")}.`;
}

/** Without the reason that the sentence itself contains. */
function whyText(fresh: number, trouble: readonly string[]): string | null {
  const reasons = trouble.filter((reason) => fresh > 0 || reason !== ALL_DOWN);
  return reasons.length === 0 ? null : `Why: ${reasons.join("; ")}.`;
}

/** `Answered by instances 1 and 2.`, or `Last answered by …` if no rating is fresh. */
function whoText(known: readonly RatingView[], fresh: readonly RatingView[]): string | null {
  const answers = fresh.length > 0 ? fresh : known;
  if (answers.length === 0) return null;
  return `${fresh.length > 0 ? "Answered" : "Last answered"} by ${instancesText(answers.map(({ instance }) => instance))}.`;
}

/** The drawing: five cells side by side, each with a star and a margin left and right (shape in views/page.njk). */
export const STAR_CELL = 24;
export const STAR_MARGIN = 2;
export const STARS = 5;

/**
 * The filled width of the five stars. The template draws five empty stars, and over them five full ones, clipped to
 * this width. The width is an attribute of SVG, so the Content-Security-Policy can forbid inline styles. Half a star is
 * half of its drawn width, not of its cell.
 */
export function starsWidth(rating: number): number {
  const stars = Math.min(STARS, Math.max(0, Number.isFinite(rating) ? rating : 0));
  const whole = Math.floor(stars);
  const part = stars - whole;
  if (part === 0) return whole * STAR_CELL;
  const ink = STAR_CELL - 2 * STAR_MARGIN;
  return Math.round((whole * STAR_CELL + STAR_MARGIN + part * ink) * 10) / 10;
}
