// P3, as people see it: the next choice that `dwc explain` prints and the board shows is compared with the choice made
// then. The code is theirs, from the snapshot to the printed line.

/**
 * An explanation costs many times as much as a choice, so one choice in this many is explained: some three a day. A page
 * makes four choices, so the number is no multiple of four.
 */

import { explained } from "../../src/dwc/commands/explain.ts";
import { parseMarketView } from "../../src/dwc/live/core/parse-answers.ts";
import type { PickOptions, PickResult } from "../../src/health/balancer.ts";
import { ServiceMonitor } from "../../src/monitor/monitor.ts";
import { SERVICE } from "./actors.ts";
import type { Check, Made, View } from "./view.ts";

const SAID_EVERY = 53;

/** The explanation of a choice before it was made. */
interface Said {
  /** As it stands in a terminal. */
  readonly line: string;
  readonly next: unknown;
  readonly copies: unknown;
  /** Incarnations by the turn that is written beside them. */
  readonly turns: ReadonlyMap<string, string>;
}

export class ExplainChecks implements Check {
  readonly #view: View;
  readonly #monitor: ServiceMonitor;
  #said: Said | undefined;
  #choices = 0;

  constructor(view: View) {
    this.#view = view;
    this.#monitor = new ServiceMonitor({ service: SERVICE, version: "1", rules: view.rules, startedAt: 0 });
    this.#monitor.bus = "connected";
  }

  /** Called before the choice. A call's second try and a call that is not idempotent have no explanation. */
  saysFirst(now: number, { excluded: tried, idempotent, isHedge: second }: PickOptions): void {
    this.#choices += 1;
    const isFirst = (tried?.size ?? 0) === 0 && idempotent !== false && second !== true;
    this.#said = isFirst && this.#choices % SAID_EVERY === 0 ? this.#say(now) : undefined;
  }

  #say(now: number): Said | undefined {
    const belief = parseMarketView(this.#monitor.snapshot(this.#view.market.client, now, now));
    if (belief === undefined) return this.#breaks("the board is none");
    const explanation = explained(belief, SERVICE, undefined, String);
    if (explanation.kind !== "done") return this.#breaks("nothing is explained");
    const lines = explanation.lines.map((line) => (typeof line === "string" ? line : line.text));
    return {
      line: lines.find((text) => text.startsWith("Next call: ")) ?? "",
      next: explanation.json?.["next"],
      copies: explanation.json?.["copies"],
      turns: new Map(belief.instances.map(({ incarnation, turn }) => [incarnation, turn.kind])),
    };
  }

  made({ turn }: Made): void {
    const said = this.#said;
    if (said === undefined) return;
    const { who } = turn.call ?? {};
    const line = `Next call: ${who === undefined ? "none: all services are down" : `${SERVICE}/${who.instance}`}`;
    if (said.line !== line || said.next !== (who?.incarnation ?? null))
      this.#breaks(`explained was "${said.line}", done was "${line}"`);
    if (String(said.copies) !== String(copiesOf(turn)))
      this.#breaks(`explained were copies to [${said.copies}], sent to [${copiesOf(turn)}]`);
    for (const [incarnation, kind] of said.turns)
      if ((kind === "next") !== (incarnation === who?.incarnation)) this.#breaks(`${incarnation} was called "${kind}"`);
  }

  #breaks(detail: string): undefined {
    this.#view.world.breaks("P3", detail);
  }
}

const copiesOf = ({ retests, newcomerProbes }: PickResult): readonly string[] =>
  [...retests, ...newcomerProbes].map(({ who }) => who.incarnation);
