// The view model of the home page: the template has no logic beyond layout. Texts that never change (prices, addresses
// of pictures) are made once, at start.

import type { PageRatings, RatingView } from "../app-deps.ts";
import type { Cart } from "./cart.ts";
import type { Catalogue, Thing } from "./catalogue.ts";
import { totalCents } from "./catalogue.ts";
import { ageText, countText, priceText, ratingText } from "./page-format.ts";
import { starsWidth } from "./stars.ts";
import type { RatingsStatus } from "./status.ts";
import { ratingsStatus } from "./status.ts";

/** The part of a card that is the same on every page. */
export interface ProductView {
  readonly thing: Thing;
  readonly picture: string;
  readonly price: string;
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
  readonly cards: readonly Card[];
  readonly cartCards: readonly Card[];
  readonly cartCount: string;
  readonly total: string;
}

export interface PageInput {
  readonly cart: Cart;
  readonly message: string | undefined;
  /** undefined: the monolith. */
  readonly ratings: PageRatings | undefined;
}

export const SITE_NAME = "Datawire Market";

/** @param pictureOf the address of a thing's picture */
export function productViews(catalogue: Catalogue, pictureOf: (id: string) => string): readonly ProductView[] {
  return catalogue.things.map((thing) => ({
    thing,
    picture: pictureOf(thing.id),
    price: priceText(thing.priceCents),
  }));
}

export function makePage(catalogue: Catalogue, products: readonly ProductView[], input: PageInput): Page {
  const { cart, message, ratings } = input;
  const cards = products.map((product) => toCard(product, cart, ratings?.ratings.get(product.thing.id)));
  return {
    // Screen readers announce the title first after a navigation, so the message comes before it.
    title: message === undefined ? SITE_NAME : `${message} · ${SITE_NAME}`,
    message: message ?? null,
    status: ratings === undefined ? null : ratingsStatus(products.length, ratings),
    cards,
    cartCards: cards.filter((card) => card.inCart),
    cartCount: countText(cart.size, "thing"),
    total: priceText(totalCents(catalogue, cart)),
  };
}

function toCard(product: ProductView, cart: Cart, rating: RatingView | undefined): Card {
  const { thing, picture, price } = product;
  return {
    thing,
    picture,
    price,
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
