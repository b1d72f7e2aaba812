// `node build.mjs` makes dist/: the extension and the library, each in one file, and the library's types.
// `node build.mjs --tests` makes dist-test/: each test in one file, with a fake in the editor's place.

import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const COMMON = { absWorkingDir: HERE, bundle: true, platform: "node", target: "node20", format: "cjs" };
const tests = process.argv.includes("--tests");
const out = tests ? "dist-test" : "dist";

rmSync(path.join(HERE, out), { recursive: true, force: true });
if (tests) {
  const files = readdirSync(path.join(HERE, "test")).filter((name) => name.endsWith(".test.ts"));
  const alias = { vscode: "./test/fake/vscode.ts", "reprieve-vscode": "./src/index.ts" };
  const entryPoints = files.map((name) => `test/${name}`);
  await build({ ...COMMON, entryPoints, outdir: out, alias, sourcemap: "inline" });
} else {
  const entryPoints = ["src/extension.ts", "src/index.ts"];
  await build({ ...COMMON, entryPoints, outdir: out, external: ["vscode"], legalComments: "eof" });
  const tsc = createRequire(import.meta.url).resolve("typescript/package.json");
  const compiler = path.join(path.dirname(tsc), "bin", "tsc");
  execFileSync(process.execPath, [compiler, "-p", "tsconfig.types.json"], { cwd: HERE, stdio: "inherit" });
}
