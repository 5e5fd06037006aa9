// Progress of a run, every second: on a terminal one line that is overwritten, in a file a line every ten seconds.

const TICK_MS = 1_000;
const FILE_TICKS = 10;

export function progress(name, steps) {
  const startedAt = Date.now();
  let done = 0;
  let doing = "starting";
  let ticks = 0;
  const line = () => `${name}: ${Math.round((Date.now() - startedAt) / 1000)} s, ${done} of ${steps}: ${doing}`;
  const timer = setInterval(() => {
    ticks++;
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line()}`);
    else if (ticks % FILE_TICKS === 0) process.stderr.write(`${line()}\n`);
  }, TICK_MS);
  return {
    step: (what) => {
      doing = what;
      done++;
    },
    end: () => {
      clearInterval(timer);
      if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
      process.stderr.write(`${name}: done in ${Math.round((Date.now() - startedAt) / 1000)} s\n`);
    },
  };
}
