// In which order the bridge is looked for, and what is said where there is none.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { BridgeNotFound, findBridge, type Places } from "../src/bridge";
import { FOLDER, PYTHON } from "./scene";

function folderWithProgram(name = "reprieve"): { folder: string; file: string } {
  const folder = mkdtempSync(path.join(FOLDER, "bin-"));
  const file = path.join(folder, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, "#!/bin/sh\n");
  chmodSync(file, 0o755);
  return { folder, file };
}

const setting = folderWithProgram().file;
const variable = folderWithProgram().file;
const bundled = folderWithProgram();
const onPath = folderWithProgram();
const everywhere: Required<Places> = {
  setting,
  env: { REPRIEVE_BRIDGE: variable, PATH: onPath.folder },
  bundled: bundled.folder,
  interpreter: async () => PYTHON,
};
const PATH_ONLY = { PATH: onPath.folder };

test("setting, environment, bundled, interpreter, PATH: the first that there is", async () => {
  const { setting: _, ...unset } = everywhere;
  const plain = { ...unset, env: PATH_ONLY };
  const { bundled: __, ...bare } = plain;
  const found = async (places: Places) => (await findBridge(places)).command;

  assert.equal(await found(everywhere), setting);
  assert.equal(await found(unset), variable);
  assert.equal(await found(plain), bundled.file);
  assert.equal(await found(bare), PYTHON);
  assert.equal(await found({ env: PATH_ONLY }), onPath.file);
});

test("an interpreter is asked for the module, and not for what is in the current folder", async () => {
  const bridge = await findBridge({ env: {}, interpreter: async () => PYTHON });

  assert.deepEqual(bridge.args, ["-P", "-m", "reprieve"]);
});

test("nothing of the current folder is run", async () => {
  const clone = folderWithProgram();
  const mark = path.join(clone.folder, "mark");
  writeFileSync(clone.file, `#!/bin/sh\ntouch ${mark}\n`);
  for (const name of ["reprieve", "importlib", "json", "token", "queue", "apsw"]) {
    writeFileSync(path.join(clone.folder, `${name}.py`), `open(${JSON.stringify(mark)}, "w")\n`);
  }
  const database = path.join(clone.folder, "snippets.db");
  const make = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('CREATE TABLE snippet (body TEXT)')";
  execFileSync(PYTHON, ["-I", "-c", make, database]);
  process.chdir(clone.folder);

  const { command, args } = await findBridge({ env: {}, interpreter: async () => PYTHON });
  const home = { REPRIEVE_HOME: path.join(FOLDER, "home"), REPRIEVE_STORE: path.join(FOLDER, "store") };
  execFileSync(command, [...args, "backup", database], { env: { ...process.env, ...home } });

  for (const name of ["reprieve", "./reprieve"]) {
    await assert.rejects(findBridge({ setting: name, env: {} }), BridgeNotFound);
    await assert.rejects(findBridge({ env: { REPRIEVE_BRIDGE: name, PATH: "." } }), BridgeNotFound);
  }
  await assert.rejects(findBridge({ env: {}, interpreter: async () => "python3" }), BridgeNotFound);
  assert.equal(existsSync(mark), false);
});

test("an interpreter without reprieve, or that does not run, is passed by", async () => {
  const bare = folderWithProgram("python");
  writeFileSync(bare.file, "#!/bin/sh\nexit 1\n");

  for (const python of [bare.file, path.join(FOLDER, "no-python")]) {
    const bridge = await findBridge({ env: PATH_ONLY, interpreter: async () => python });
    assert.equal(bridge.command, onPath.file);
  }
});

test("a relative folder on the PATH is not looked into", async () => {
  process.chdir(onPath.folder);

  await assert.rejects(findBridge({ env: { PATH: `.${path.delimiter}` } }), BridgeNotFound);
});

test("a place that was named and has no program is said, and nothing else is tried", async () => {
  const missing = path.join(FOLDER, "missing");
  const said = /There is no program at .*missing, which/;

  await assert.rejects(findBridge({ ...everywhere, setting: missing }), said);
  await assert.rejects(findBridge({ env: { ...PATH_ONLY, REPRIEVE_BRIDGE: missing } }), said);
});

test("where there is none, it says where it looked and what to do", async () => {
  await assert.rejects(findBridge({ env: {} }), (error: Error) => {
    assert.ok(error instanceof BridgeNotFound);
    assert.match(error.message, /not on the PATH\. Install it .* or name it in the setting/);
    return true;
  });
});
