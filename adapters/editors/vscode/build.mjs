// `node build.mjs FOLDER` makes the extension and the library, each in one file, and its types.
// `node build.mjs --tests FOLDER` makes each test in one file, with a fake in the editor's place.

import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const COMMON = { absWorkingDir: HERE, bundle: true, platform: "node", target: "node20", format: "cjs" };

export async function buildAll(folder) {
  rmSync(folder, { recursive: true, force: true });
  const entryPoints = ["src/extension.ts", "src/index.ts"];
  await build({ ...COMMON, entryPoints, outdir: folder, external: ["vscode"], legalComments: "eof" });
  const typescript = createRequire(import.meta.url).resolve("typescript/package.json");
  const compiler = path.join(path.dirname(typescript), "bin", "tsc");
  const types = ["-p", "tsconfig.types.json", "--outDir", path.join(folder, "types")];
  execFileSync(process.execPath, [compiler, ...types], { cwd: HERE, stdio: "inherit" });
}

export async function buildTests(folder) {
  rmSync(folder, { recursive: true, force: true });
  const files = readdirSync(path.join(HERE, "test")).filter((name) => name.endsWith(".test.ts"));
  const entryPoints = files.map((name) => `test/${name}`);
  const alias = { vscode: "./test/fake/vscode.ts" };
  await build({ ...COMMON, entryPoints, outdir: folder, alias, sourcemap: "inline" });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder = "dist", ...flags] = process.argv.slice(2).reverse();
  await (flags.includes("--tests") ? buildTests : buildAll)(path.resolve(folder));
}
