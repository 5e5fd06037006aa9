// bin/prepare on machines that lack something. npm, the compiler, apt-get and sudo are fakes that write down how they
// were called; all else is the real script.

import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import { type CommandResult, type FreshClone, makeFreshClone, whereIs } from "../support/fresh-clone.ts";

/** Of the test that runs. */
export let box: FreshClone;

/** An npm that installs what the fake project names, and a compiler that copies sources and refuses the word "wrong". */
const FAKE_NPM = `
[ "$1" = config ] && { echo "$HOME/.npm"; exit; }
echo "npm $* cache=$npm_config_cache" >>calls
[ -z "$NPM_SAYS" ] || { echo "$NPM_SAYS"; exit 1; }
rm -rf node_modules
mkdir -p node_modules/.bin node_modules/nats
sleep "\${NPM_TAKES:-0}"
touch node_modules/nats/package.json
cp "$FAKES/tsc" "$FAKES/esbuild" node_modules/.bin
`;
const FAKE_TSC = `
echo "tsc" >>calls
grep -rn wrong src && exit 2
mkdir -p .dist-new/src .dist-new/bin
for file in src/*.ts; do cp "$file" ".dist-new/\${file%.ts}.js"; done
`;
const FAKE_ESBUILD = `
[ -z "$ESBUILD_SAYS" ] || { echo "$ESBUILD_SAYS"; exit 1; }
`;
export const FAKE_APT = `
echo "apt-get $*" >>calls
case $* in
  *update*) touch updated ;;
  *install*) [ -f updated ] || { echo 'E: Unable to locate package'; exit 100; }
    for package; do :; done
    [ -n "$APT_LACKS" ] || cp "$FAKES/installed" "$FAKES/$package" ;;
esac
`;

/** What a run leaves behind, kept for the tests that begin after one. */
const MADE = ["node_modules", "dist", ".prepared"];
const kept = mkdtempSync(join(tmpdir(), "prepared-"));
export let first: CommandResult & { readonly calls: readonly string[] };

/** A suite of which each test begins with a fresh box. */
export function prepareSuite(name: string): ReturnType<typeof suite> {
  const test = suite(name);
  test.before(async () => {
    open();
    const finished = await prepare();
    first = { ...finished, calls: calls() };
    for (const made of MADE) cpSync(join(box.folder, made), join(kept, made), { recursive: true });
    close();
  });
  test.after(() => rmSync(kept, { recursive: true }));
  test.before.each(open);
  test.after.each(close);
  return test;
}

/** The box after a run. */
export function prepared(): void {
  cpSync(kept, box.folder, { recursive: true });
}

function open(): void {
  box = makeFreshClone(["bin/prepare", "bin/prepare-system", "bin/bundle-programs"]);
  box.write("package.json", '{\n  "version": "1.0.0",\n  "dependencies": {\n    "nats": "2.29.3"\n  }\n}\n');
  box.write("package-lock.json", "{}\n");
  box.write("tsconfig.json", "{}\n");
  box.write("src/a.ts", "right\n");
  box.tool("node", `[ "$1" = --version ] && { echo v20.19.0; exit; }\nexec '${process.execPath}' "$@"`);
  symlinkSync(whereIs("flock"), join(box.tools, "flock"));
  box.tool("npm", FAKE_NPM);
  box.tool("tsc", FAKE_TSC);
  box.tool("esbuild", FAKE_ESBUILD);
  box.tool("installed", "exit 0");
}
const close = (): void => rmSync(join(box.folder, ".."), { recursive: true, force: true });
export const prepare = (env: Record<string, string | undefined> = {}, ...needs: string[]) =>
  box.run("sh", ["bin/prepare", ...needs], { FAKES: box.tools, PREPARE_BUS_FOLDERS: "", ...env });
export const calls = (): string[] => {
  const path = join(box.folder, "calls");
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  rmSync(path, { force: true });
  return text.split("\n").filter((line) => line !== "");
};
export const names = (): string[] => calls().map((line) => line.split(" ").slice(0, 2).join(" "));
