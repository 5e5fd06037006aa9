// What the rest of the system asks of a bus. Two implementations answer it: NATS (nats-bus.ts) and, in tests, one in
// memory; one contract suite runs over both. Nothing here throws or rejects for expected trouble: it is a Reply.

/** How a request ended. Exactly one of these, always within the time that the caller gave. */
export type Reply =
  | { readonly kind: "answered"; readonly body: Uint8Array }
  /** The service answered with an error of its own (`Nats-Service-Error-Code`): it is alive. */
  | { readonly kind: "service-error"; readonly code: number; readonly message: string }
  /** Nobody serves that subject: the request was delivered to no one, so asking another is safe for any verb. */
  | { readonly kind: "no-responders" }
  | { readonly kind: "timeout" }
  /** No answer, and whoever would have given it is dead: it may have been done, or not. */
  | { readonly kind: "receiver-died" }
  /** The bus was away, or went away while the call was out: says nothing about the instance. */
  | { readonly kind: "away" }
  /** The caller gave up: says nothing about the instance. */
  | { readonly kind: "cancelled" }
  /** The message never left this process, as it is too large for this bus: says nothing about the instance. */
  | { readonly kind: "unsent"; readonly why: string }
  | Denied;

/** Why an answer did not leave this process. */
export type NotSent = Extract<Reply, { kind: "unsent" | "away" }>;

/** The server does not permit the message, or its answer: says nothing about the instance. */
export interface Denied {
  readonly kind: "denied";
  /** For a person: which subject, with which credentials, and what to type. */
  readonly why: string;
}

export interface Message {
  readonly subject: string;
  readonly body: Uint8Array;
  /** Where an answer is expected, if anywhere; undefined for a subject that is not for answers (subjects.ts). */
  readonly replyTo: string | undefined;
  /** Answers, if an answer is expected. @returns why that was not sent: one that is too large is refused instead */
  answer(body: string): NotSent | undefined;
  /** Answers with an error: `code` as in HTTP. */
  refuse(code: number, message: string): void;
}

export interface Subscription {
  /** No more messages from this moment on. */
  close(): void;
  /** No more messages from the bus; resolves once those already under way have been received. */
  drain(): Promise<void>;
}

export interface RequestOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface CallOptions extends RequestOptions {
  /** The instance at that subject promises at most one answer to each request: reply subjects serve again (slot-pool.ts). */
  readonly answersOnce?: boolean;
  /** The call must not be made twice: when its receiver is given up, it stays out and ends with its time, as `lost`. */
  readonly mayBeDone?: boolean;
}

export type BusStatus = "connected" | "away" | "closed";

export interface Bus {
  readonly status: BusStatus;
  /** Why the bus is away; undefined while it is not, or not yet known. */
  readonly lastTrouble?:
    | { readonly kind: string; readonly message: string; readonly isDenial?: boolean | undefined }
    | undefined;
  /** The largest body in bytes that this bus takes now; undefined: not known, or no limit. */
  readonly maxBodyBytes?: number | undefined;
  /** Sends and waits for one answer. */
  request(subject: string, body: string, options: RequestOptions): Promise<Reply>;
  /**
   * The same without a promise, for whoever makes many thousand a second: `ended` is called once, also before this
   * returns, when nothing could be sent. It must not throw.
   */
  call(subject: string, body: string, options: CallOptions, onReply: (reply: Reply) => void): void;
  /** Whoever served that subject is dead: every call that is out to it ends as `nobody`, at once. */
  giveUp(subject: string): void;
  /** Sends and collects every answer that comes within `waitMs`. What is not permitted ends at once, with none. */
  requestMany(subject: string, body: string, waitMs: number): Promise<readonly Uint8Array[]>;
  /** Sends; dropped when the bus is away, as nobody would hear it in time. */
  publish(subject: string, body: string, replyTo?: string): void;
  /** Hears `subject`; of all subscribers in one `queue`, one gets each message. A receiver that throws is reported, not fatal. */
  subscribe(
    subject: string,
    receive: (message: Message) => void,
    queue?: string,
    /** `required`: where the bus does not take it, this program does not work, and so the bus counts as away. */
    need?: "required",
  ): Subscription;
  /** Resolves true once the bus has taken all that was sent and delivered all that was due before; false when it is away. */
  flush(): Promise<boolean>;
  /** Told on every change of status, starting with the next one. */
  watch(listener: (status: BusStatus) => void): () => void;
  /** Sends what is left and ends. Pending requests end as `away`. */
  close(): Promise<void>;
}
