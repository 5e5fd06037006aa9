// Who waits for an answer, by the token at the end of its reply subject.
//
// Places in an array, and not a Map. A Map whose entries come and go makes itself a new table every hundred or so, and V8
// links each old table to the next: once one of them has grown old, whatever hung on it and on all later ones stays
// until the next full collection. With 64 calls in flight that was every second byte that collecting garbage cost.
//
// A place serves again, its token never: an answer that comes too late, or twice, finds nobody. With tokens that come
// round the bare table of pending calls made 15 % more calls a second, as a server has to look up each subject that it
// has never seen. Rejected: whoever answers twice, or knows an old reply subject, could answer somebody else's call.

/** Tokens are digits and letters: the shortest form that one part of a subject may hold. */
const BASE = 36;

interface Place<T> {
  readonly index: number;
  /** How many tokens this place has had. */
  turn: number;
  token: string;
  holder: T | undefined;
}

export class Places<T> {
  readonly #places: Place<T>[] = [];
  readonly #free: Place<T>[] = [];

  get size(): number {
    return this.#places.length - this.#free.length;
  }

  /** @returns the token under which `holder` is found from now on */
  put(holder: T): string {
    const place = this.#free.pop() ?? this.#grow();
    place.holder = holder;
    return place.token;
  }

  /** Whoever waits under that token now; a token that is none, or had its time, leads to nobody. */
  find(token: string): T | undefined {
    return this.#placeOf(token)?.holder;
  }

  remove(token: string): void {
    const place = this.#placeOf(token);
    if (place === undefined || place.holder === undefined) return;
    place.holder = undefined;
    place.turn += 1;
    place.token = `${place.index.toString(BASE)}-${place.turn.toString(BASE)}`;
    this.#free.push(place);
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
