// The bus of a third-party instance that leaves with a reply: its handler's 529 is sent as 503. Ours announces that
// with a goodbye, and never with a handler's code.

import type { MemoryBus } from "../../src/testing/memory-bus.ts";

const [OVERLOADED, LEAVING] = [529, 503];

export function drainingBus(bus: MemoryBus): MemoryBus {
  const subscribe = bus.subscribe.bind(bus);
  bus.subscribe = (subject, receive, queue) =>
    subscribe(
      subject,
      (message) => {
        const refuse = message.refuse.bind(message);
        message.refuse = (code, text) => refuse(code === OVERLOADED ? LEAVING : code, text);
        receive(message);
      },
      queue,
    );
  return bus;
}
