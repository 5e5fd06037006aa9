// The program behind `make soak`: `soak [MINUTES] [SEED]`. Exit code 0 when everything stayed flat and every page was
// answered, 1 when not.

import { randomInt } from "node:crypto";
import { soak } from "./run-soak.ts";

const DEFAULT_MINUTES = 10;
const MAX_MINUTES = 10_080; // a week
const MAX_SEED = 2 ** 31 - 1;
const MS_PER_MINUTE = 60_000;

const [typedMinutes = "", typedSeed = ""] = process.argv.slice(2);
const minutes = typedMinutes === "" ? DEFAULT_MINUTES : Number(typedMinutes);
const seed = typedSeed === "" ? randomInt(MAX_SEED) : Number(typedSeed);
if (!(minutes > 0 && minutes <= MAX_MINUTES) || !Number.isInteger(seed)) {
  process.stderr.write(
    `MINUTES=${typedMinutes} or SEED=${typedSeed} is no number (of up to ${MAX_MINUTES} minutes): type  make soak MINUTES=10\n`,
  );
  process.exit(2);
}
let enough = false;
const end = (): void => {
  enough = true;
};
process.once("SIGINT", end);
process.once("SIGTERM", end);
// A reader that ends (`make soak | head`) must not end this process before its Market, instances and bus.
process.stdout.on("error", end);

console.log(`soak: ${minutes} min, seed ${seed}`);
const { good, lines } = await soak({
  ...{ soakMs: minutes * MS_PER_MINUTE, seed },
  print: (line) => console.log(line),
  isEnough: () => enough,
});
for (const line of lines) console.log(line);
console.log(`soak: ${good ? "flat, and every page answered" : "FAILED"}`);
process.exitCode = good ? 0 : 1;
