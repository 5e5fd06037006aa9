// The handlers of a contract without a bus: for tests of what they do. They run as one instance on a memory bus of its own,
// so that every input and answer is encoded, validated and reported as over the wire.

import type { Clock } from "../clock.ts";
import { type Client, type ClientOptions, createClient } from "../connect/client.ts";
import type { Contract, Operations } from "../connect/contract.ts";
import type { HandlersOf } from "../connect/handlers.ts";
import { type ServeOptions, serve } from "../connect/serve.ts";
import { aClock } from "../service/core/option-rules.ts";
import { anObject, checkOptions, type Rules } from "../util/options.ts";
import { memoryBus } from "./open-bus.ts";

/** The options of `testClient`. */
export interface TestClientOptions<Ops extends Operations> {
  /** Default: the clock of the machine. On a fake clock write `await clock.run(testClient(…))`. */
  readonly clock?: Clock | undefined;
  /** More options of the instance: its middlewares, its limit, its log. */
  readonly serve?: Partial<Omit<ServeOptions<Ops>, "bus" | "clock" | "handlers">> | undefined;
  /** More options of the client. */
  readonly client?: Partial<Omit<ClientOptions, "bus" | "clock">> | undefined;
}

const RULES: Rules<TestClientOptions<Operations>> = { clock: aClock, serve: anObject, client: anObject };

/**
 * Resolves with a client whose calls reach `handlers`. Its `close` ends the instance as well.
 * @throws TypeError for an option that breaks its rule, and for a missing handler
 */
export async function testClient<const Ops extends Operations>(
  contract: Contract<Ops>,
  handlers: HandlersOf<NoInfer<Ops>>,
  options: TestClientOptions<NoInfer<Ops>> = {},
): Promise<Client<Ops>> {
  checkOptions("testClient", options as TestClientOptions<Operations>, RULES);
  const bus = memoryBus({ clock: options.clock });
  const own = bus.connect();
  const instance = await serve<Ops>(contract, {
    ...{ instance: 1, ...options.serve, bus: own, handlers },
  } as ServeOptions<Ops>);
  const client = createClient(contract, { ...options.client, bus });
  await client.ready();
  const end = async (): Promise<void> => {
    client.close();
    await instance.goodbye();
    await Promise.all([own.close(), bus.close()]);
  };
  return {
    ...{ service: client.service, ask: client.ask, call: client.call, core: client.core },
    instances: () => client.instances(),
    ready: (atLeast, limitMs) => client.ready(atLeast, limitMs),
    observe: (observer) => client.observe(observer),
    close: () => void end(),
    [Symbol.asyncDispose]: end,
  };
}
