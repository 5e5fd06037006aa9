// The bus of an instance of another make that says by a reply that it leaves: its handler's 529 goes out as 503. Ours says
// that with its goodbye and never by what a handler says.

import type { MemoryBus } from "./memory-bus.ts";

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
