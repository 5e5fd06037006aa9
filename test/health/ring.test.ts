import { suite } from "uvu";
import * as assert from "uvu/assert";
import { compareByInstance, type Member, newMember } from "../../src/health/member.ts";
import { Ring } from "../../src/health/ring.ts";
import { beatOf } from "../support/health-harness.ts";
import { SeededRandom } from "../support/seeded-random.ts";

const test = suite("ring");

const any = (): boolean => true;
const named = (incarnation: string): Member => newMember(beatOf(Number.parseInt(incarnation, 10), { incarnation }), 0);

function ringOf(...incarnations: readonly string[]): { ring: Ring; members: readonly Member[] } {
  const ring = new Ring();
  const members = incarnations.map(named);
  for (const member of members) ring.set(member, true);
  return { ring, members };
}

const names = (ring: Ring): readonly string[] => ring.all().map((member) => member.who.incarnation);
const after = (ring: Ring, last: Member | undefined, accepts: (member: Member) => boolean = any): string =>
  ring.firstAfter(last?.who, accepts)?.who.incarnation ?? "none";

test("members are in order of number and not of text, then of incarnation, in whatever order they joined", () => {
  const { ring } = ringOf("10-a", "2-b", "1-z", "2-a", "1-c");
  assert.equal(names(ring), ["1-c", "1-z", "2-a", "2-b", "10-a"]);
});

test("adding a member twice adds it once, and removing it twice removes no other", () => {
  const { ring, members } = ringOf("1-a", "2-a", "3-a");
  const [, second] = members;
  if (second === undefined) throw new Error("no second member");
  ring.set(second, true);
  assert.is(ring.all().length, 3);
  ring.set(second, false);
  ring.set(second, false);
  assert.equal(names(ring), ["1-a", "3-a"]);
});

test("the index of the last turn is only a hint: a join before it, or a departure, skips no turn", () => {
  const { ring, members } = ringOf("2-a", "3-a", "4-a");
  const [second, third] = members;
  if (second === undefined || third === undefined) throw new Error("no third member");
  assert.is(after(ring, second), "3-a");
  ring.set(named("1-a"), true);
  assert.is(after(ring, third), "4-a");
  assert.is(after(ring, second), "3-a");
  ring.set(second, false);
  assert.is(after(ring, third), "4-a");
  ring.set(third, false);
  assert.is(after(ring, third), "4-a", "a member that has left keeps its position in the order");
});

test("members that are not accepted are skipped, and if none is accepted the result is undefined", () => {
  const { ring, members } = ringOf("1-a", "2-a", "3-a");
  assert.is(
    after(ring, members[0], (member) => member.who.instance !== 2),
    "3-a",
  );
  assert.is(
    after(ring, members[0], () => false),
    "none",
  );
  assert.is(after(new Ring(), members[0]), "none");
});

test("each member is visited once", () => {
  const { ring, members } = ringOf("1-a", "2-a", "3-a");
  const seen: string[] = [];
  ring.firstAfter(members[0]?.who, (member) => {
    seen.push(member.who.incarnation);
    return false;
  });
  assert.equal(seen, ["2-a", "3-a", "1-a"]);
});

test("a duplicate is found on either side, and no other member", () => {
  const { ring, members } = ringOf("1-a", "2-a", "2-b", "2-c", "3-a");
  const found = members.map((member) => ring.duplicatesOf(member).map(({ who }) => who.incarnation));
  assert.equal(found, [[], ["2-b"], ["2-a", "2-c"], ["2-b"], []]);
});

test("a thousand joins and departures keep the members in order", () => {
  const dice = new SeededRandom(1);
  const ring = new Ring();
  const inside = new Map<string, Member>();
  for (let round = 0; round < 1000; round++) {
    const incarnation = `${1 + dice.below(20)}-${dice.pick(["a", "b", "c"])}`;
    const known = inside.get(incarnation);
    if (known !== undefined) {
      ring.set(known, false);
      inside.delete(incarnation);
    } else {
      const member = named(incarnation);
      ring.set(member, true);
      inside.set(incarnation, member);
    }
    assert.equal(
      ring.all(),
      [...inside.values()].sort((a, b) => compareByInstance(a.who, b.who)),
    );
  }
});

test.run();
