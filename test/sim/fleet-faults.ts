// The faults of a fleet in a drill: each is begun at random, and ends after a random time.

import type { Process } from "./actors.ts";
import type { Ground } from "./drill-ground.ts";
import { type FleetInstance, MOODS, type OlderInstance } from "./fleet-instance.ts";
import { PHASES } from "./timeline.ts";

const NEW_INSTANCES = [1, 2, 3] as const;
/** With a call every 50 ms, a fault begins every second. */
const SHARE_OF_CALLS = 0.05;
const LASTS_MS = { least: 50, most: 2_500 };

interface Running {
  readonly end: () => void;
}

export class FleetFaults {
  /** The current instance of each number. */
  readonly instances: FleetInstance[];
  readonly #ground: Ground;
  readonly #asker: Process;
  readonly #older: OlderInstance;
  readonly #start: (number: number) => FleetInstance;
  readonly #running = new Set<Running>();

  constructor(ground: Ground, asker: Process, older: OlderInstance, start: (number: number) => FleetInstance) {
    this.#ground = ground;
    this.#asker = asker;
    this.#older = older;
    this.#start = start;
    this.instances = NEW_INSTANCES.map(start);
  }

  /** Perhaps begins a fault. */
  act(): void {
    const { dice, server } = this.#ground;
    if (!dice.chance(SHARE_OF_CALLS)) return;
    const target = dice.chance(0.2) ? this.#older : dice.pick(this.instances);
    const { host } = dice.chance(0.2) ? this.#asker : target.process;
    dice.pick([
      () => this.#mood(target),
      () => this.#mood(target),
      () => this.#mood(target),
      () => this.#leave(),
      () => this.#leave(),
      () =>
        this.#for(
          () => host.stall(),
          () => host.goOn(),
        ),
      () =>
        this.#for(
          () => server.cut(host),
          () => server.mend(host),
        ),
      () =>
        this.#for(
          () => server.freeze(),
          () => server.thaw(),
        ),
      () =>
        this.#for(
          () => server.goDown(),
          () => server.comeUp(),
        ),
    ])();
  }

  #mood(target: FleetInstance | OlderInstance): void {
    const mood = this.#ground.dice.pick(MOODS);
    this.#for(
      () => {
        target.mood = mood;
      },
      () => {
        target.mood = "well";
      },
    );
  }

  /** A process dies, or says goodbye. Another one takes its number a while later. */
  #leave(): void {
    const { dice } = this.#ground;
    const target = dice.pick(this.instances);
    const { host } = target.process;
    const dies = dice.chance(0.6);
    if (host.isDead) return;
    this.#for(
      () => {
        if (!dies) void target.running?.goodbye(dice.pick([100, 5_000])).then(() => this.#die(target));
        else this.#die(target);
      },
      () => {
        const place = this.instances.indexOf(target);
        if (place !== -1) this.instances[place] = this.#start(target.number);
      },
    );
  }

  #die({ process }: FleetInstance): void {
    const { server } = this.#ground;
    process.host.die();
    for (const connection of [...server.of(process.host)]) connection.drop("its process died");
  }

  #for(begin: () => void, end: () => void): void {
    const { timeline } = this.#ground;
    const running: Running = {
      end: () => {
        if (this.#running.delete(running)) end();
      },
    };
    this.#running.add(running);
    begin();
    timeline.at(timeline.now + this.#ground.between(LASTS_MS.least, LASTS_MS.most), PHASES.timer, running.end);
  }

  healAll(): void {
    for (const { end } of [...this.#running]) end();
  }
}
