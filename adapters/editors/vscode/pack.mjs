// `node pack.mjs FILE` packs the extension as a .vsix: what is built, package.json, the licence.
// Packed in a folder of its own, so that nothing of the checkout gets into it by accident.

import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { createVSIX } from "@vscode/vsce";
import { buildAll } from "./build.mjs";

const HERE = path.dirname(fileURLToPath(import.meta.url));
const file = path.resolve(process.argv[2]);
const stage = mkdtempSync(path.join(tmpdir(), "vsix-"));
try {
  await buildAll(path.join(stage, "dist"));
  for (const name of ["package.json", "README.md"])
    copyFileSync(path.join(HERE, name), path.join(stage, name));
  copyFileSync(path.join(HERE, "..", "..", "..", "LICENSE"), path.join(stage, "LICENSE"));
  mkdirSync(path.dirname(file), { recursive: true });
  await createVSIX({ cwd: stage, packagePath: file, dependencies: false, allowMissingRepository: true });
} finally {
  rmSync(stage, { recursive: true, force: true });
}
