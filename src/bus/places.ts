// Who waits for an answer, by the token at the end of its reply subject.
//
// Places in an array, and not a Map. A Map whose entries come and go makes itself a new table every hundred or so, and V8
// links each old table to the next: once one of them has grown old, whatever hung on it and on all later ones stays
// until the next full collection. With 64 calls in flight that was every second byte that collecting garbage cost.
//
// A token may serve again. A server remembers whom a subject leads to, and has to look up and note down each that it has
// never seen; with a reply subject of its own for every call it does so for every answer. The bare table of pending
// calls made 15 % more calls a second with reply subjects that come round.
//
// What must not happen is that an answer is taken for that of another call. So a token serves again only where its one
// answer has come, from somebody who promises no more than one (`answersOnce` in heartbeats); only after some hundred
// others have; and never again once anything has come for it meanwhile. An answer that did not come may come yet: its
// token is spent. (On an open bus somebody may answer requests that are not for him: no token ever kept him from it.)

/** Tokens are digits and letters: the shortest form that one part of a subject may hold. */
const BASE = 36;
/**
 * So many tokens rest before the first of them serves again: whoever answers twice does it within moments. With as many
 * calls in flight a nats-server still remembers all of them; it keeps 1,024 subjects.
 */
export const RESTING = 384;

interface Place<T> {
  readonly index: number;
  /** How many tokens this place has had. */
  turn: number;
  token: string;
  holder: T | undefined;
}

export class Places<T> {
  readonly #places: Place<T>[] = [];
  /** Free, with a token that nobody has ever seen. */
  readonly #fresh: Place<T>[] = [];
  /** Free, with a token that has served; who has rested longest comes first. */
  readonly #resting: Place<T>[] = [];
  readonly #leastResting: number;

  constructor(leastResting: number) {
    this.#leastResting = leastResting;
  }

  get size(): number {
    return this.#places.length - this.#fresh.length - this.#resting.length;
  }

  /**
   * @param again whether a token will do that has served before
   * @returns the token under which `holder` is found from now on
   */
  put(holder: T, again: boolean): string {
    const rested = again && this.#resting.length >= this.#leastResting ? this.#resting.shift() : undefined;
    const place = rested ?? this.#fresh.pop() ?? this.#grow();
    place.holder = holder;
    return place.token;
  }

  /** Whoever waits under that token now; a token that is none, or had its time, leads to nobody. */
  find(token: string): T | undefined {
    return this.#placeOf(token)?.holder;
  }

  /** @param again whether nothing more can come under that token, so that it may serve once more */
  remove(token: string, again: boolean): void {
    const place = this.#placeOf(token);
    if (place?.holder === undefined) return;
    place.holder = undefined;
    if (!again) this.#spend(place);
    (again ? this.#resting : this.#fresh).push(place);
  }

  /** Something has come under a token under which nobody waits: it is not to be trusted with another call. */
  stray(token: string): void {
    const place = this.#placeOf(token);
    if (place !== undefined && place.holder === undefined) this.#spend(place);
  }

  /** Everybody who waits now; who comes or goes meanwhile may or may not be visited. */
  forEach(visit: (holder: T, token: string) => void): void {
    for (const { token, holder } of this.#places) if (holder !== undefined) visit(holder, token);
  }

  /** The same as a list, for whoever lets some of them go. */
  all(): readonly (readonly [token: string, holder: T])[] {
    const all: (readonly [token: string, holder: T])[] = [];
    this.forEach((holder, token) => {
      all.push([token, holder]);
    });
    return all;
  }

  #spend(place: Place<T>): void {
    place.turn += 1;
    place.token = `${place.index.toString(BASE)}-${place.turn.toString(BASE)}`;
  }

  #grow(): Place<T> {
    const index = this.#places.length;
    const place: Place<T> = { index, turn: 0, token: index.toString(BASE), holder: undefined };
    this.#places.push(place);
    return place;
  }

  #placeOf(token: string): Place<T> | undefined {
    // Reads as far as the number goes: "1c-5" is in place 1c.
    const place = this.#places[Number.parseInt(token, BASE)];
    return place?.token === token ? place : undefined;
  }
}
