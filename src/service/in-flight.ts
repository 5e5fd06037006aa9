// The requests of an instance that it has begun and not answered, found by their reply subjects when a caller cancels one.

import type { Message } from "../bus/bus.ts";

export class InFlight<Request extends { readonly message: Message }> {
  readonly #byReplySubject = new Map<string, Request>();
  /** Without a reply subject, or with one that another request has: nothing can cancel them. */
  readonly #others = new Set<Request>();

  get size(): number {
    return this.#byReplySubject.size + this.#others.size;
  }

  add(request: Request): void {
    const { replyTo } = request.message;
    if (replyTo === undefined || this.#byReplySubject.has(replyTo)) this.#others.add(request);
    else this.#byReplySubject.set(replyTo, request);
  }

  /** @returns false: it is not here, or not any more */
  delete(request: Request): boolean {
    const { replyTo } = request.message;
    if (replyTo === undefined || this.#byReplySubject.get(replyTo) !== request) return this.#others.delete(request);
    return this.#byReplySubject.delete(replyTo);
  }

  find(replyTo: string): Request | undefined {
    return this.#byReplySubject.get(replyTo);
  }

  /** Removes all of them. */
  takeAll(): readonly Request[] {
    const all = [...this.#byReplySubject.values(), ...this.#others];
    this.#byReplySubject.clear();
    this.#others.clear();
    return all;
  }
}
