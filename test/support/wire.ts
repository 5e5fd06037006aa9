// NATS for a client that knows no code of ours: third-party-client.ts uses it. Two implementations: the plain client
// library here, and a bare socket in raw-nats.ts.

import { connect, headers as makeHeaders, type NatsConnection } from "nats";

export interface WireMessage {
  readonly subject: string;
  readonly body: string;
  readonly reply: string | undefined;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of the header's first line: "503" for no responders. */
  readonly status: string | undefined;
}

export interface SendOptions {
  readonly reply?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Wire {
  /** @returns stops the subscription; resolves once all delivered messages have been received */
  subscribe(subject: string, receive: (message: WireMessage) => void, queue?: string): () => Promise<void>;
  send(subject: string, body: string, options?: SendOptions): void;
  /** Resolves once the server has taken all that was sent. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

export async function openPlainNats(url: string): Promise<Wire> {
  return new PlainNats(await connect({ servers: url, name: "plain", reconnect: false }));
}

class PlainNats implements Wire {
  readonly #connection: NatsConnection;

  constructor(connection: NatsConnection) {
    this.#connection = connection;
  }

  subscribe(subject: string, receive: (message: WireMessage) => void, queue?: string): () => Promise<void> {
    const subscription = this.#connection.subscribe(subject, {
      ...(queue === undefined ? {} : { queue }),
      callback: (error, { subject: from, data, reply, headers }) => {
        if (error !== null) throw error;
        const names = headers?.keys() ?? [];
        receive({
          ...{ subject: from, body: new TextDecoder().decode(data), reply: reply === "" ? undefined : reply },
          headers: Object.fromEntries(names.map((name) => [name.toLowerCase(), headers?.get(name) ?? ""])),
          status: headers?.code ? String(headers.code) : undefined,
        });
      },
    });
    return () => subscription.drain();
  }

  send(subject: string, body: string, { reply, headers }: SendOptions = {}): void {
    const made = makeHeaders();
    for (const [name, value] of Object.entries(headers ?? {})) made.set(name, value);
    this.#connection.publish(subject, body, {
      ...(reply === undefined ? {} : { reply }),
      ...(headers === undefined ? {} : { headers: made }),
    });
  }

  flush(): Promise<void> {
    return this.#connection.flush();
  }

  close(): Promise<void> {
    return this.#connection.close();
  }
}
