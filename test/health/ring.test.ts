import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compareByInstance, type Member, newMember } from "../../src/health/member.ts";
import { Ring } from "../../src/health/ring.ts";
import { Dice } from "../support/random.ts";
import { beatOf } from "../support/table.ts";

const test = suite("ring");

const anyone = (): boolean => true;
const named = (incarnation: string): Member => newMember(beatOf(Number.parseInt(incarnation, 10), { incarnation }), 0);

function ringOf(...incarnations: readonly string[]): { ring: Ring; members: readonly Member[] } {
  const ring = new Ring();
  const members = incarnations.map(named);
  for (const member of members) ring.add(member);
  return { ring, members };
}

const names = (ring: Ring): readonly string[] => ring.all().map((member) => member.who.incarnation);
const after = (ring: Ring, last: Member | undefined, fits: (member: Member) => boolean = anyone): string =>
  ring.firstAfter(last?.who, fits)?.who.incarnation ?? "no-responders";

test("turns go by number and not by text, then by incarnation, in whatever order they came", () => {
  const { ring } = ringOf("10-a", "2-b", "1-z", "2-a", "1-c");
  assert.equal(names(ring), ["1-c", "1-z", "2-a", "2-b", "10-a"]);
});

test("whoever is added twice has one place, and whoever is removed twice takes nobody along", () => {
  const { ring, members } = ringOf("1-a", "2-a", "3-a");
  const [, second] = members;
  if (second === undefined) throw new Error("no second member");
  ring.add(second);
  assert.is(ring.size, 3);
  ring.remove(second);
  ring.remove(second);
  assert.equal(names(ring), ["1-a", "3-a"]);
});

test("the place of the last turn is only a guess: who comes before it or leaves costs nobody a turn", () => {
  const { ring, members } = ringOf("2-a", "3-a", "4-a");
  const [second, third] = members;
  if (second === undefined || third === undefined) throw new Error("no third member");
  assert.is(after(ring, second), "3-a");
  ring.add(named("1-a"));
  assert.is(after(ring, third), "4-a");
  assert.is(after(ring, second), "3-a");
  ring.remove(second);
  assert.is(after(ring, third), "4-a");
  ring.remove(third);
  assert.is(after(ring, third), "4-a", "who has left keeps its place in the order");
});

test("whoever does not fit is passed over, and with nobody fitting there is nobody", () => {
  const { ring, members } = ringOf("1-a", "2-a", "3-a");
  assert.is(
    after(ring, members[0], (member) => member.who.instance !== 2),
    "3-a",
  );
  assert.is(
    after(ring, members[0], () => false),
    "no-responders",
  );
  assert.is(after(new Ring(), members[0]), "no-responders");
});

test("each is looked at once and no more", () => {
  const { ring, members } = ringOf("1-a", "2-a", "3-a");
  const seen: string[] = [];
  ring.firstAfter(members[0]?.who, (member) => {
    seen.push(member.who.incarnation);
    return false;
  });
  assert.equal(seen, ["2-a", "3-a", "1-a"]);
});

test("another of the same number is found on either side, and nobody else", () => {
  const { ring, members } = ringOf("1-a", "2-a", "2-b", "3-a");
  const found = members.map((member) => ring.duplicateOf(member)?.who.incarnation ?? "no-responders");
  assert.equal(found, ["no-responders", "2-b", "2-a", "no-responders"]);
});

test("a thousand joins and departures keep everyone in order", () => {
  const dice = new Dice(1);
  const ring = new Ring();
  const inside = new Map<string, Member>();
  for (let round = 0; round < 1000; round++) {
    const incarnation = `${1 + dice.below(20)}-${dice.pick(["a", "b", "c"])}`;
    const known = inside.get(incarnation);
    if (known !== undefined) {
      ring.remove(known);
      inside.delete(incarnation);
    } else {
      const member = named(incarnation);
      ring.add(member);
      inside.set(incarnation, member);
    }
    assert.equal(
      ring.all(),
      [...inside.values()].sort((a, b) => compareByInstance(a.who, b.who)),
    );
  }
});

test.run();
