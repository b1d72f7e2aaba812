// Finding the bridge: the setting, the environment, what is bundled, the selected interpreter, the PATH.
// Knows files and how a bridge is called; nothing of what is said to it.

import { execFile } from "node:child_process";
import { access, constants, stat } from "node:fs/promises";
import path from "node:path";

/** The environment variable that names the program `reprieve`. */
export const VARIABLE = "REPRIEVE_BRIDGE";

/** How a bridge is started: `command`, with `args` before those of the bridge itself. */
export interface Bridge {
  command: string;
  args: string[];
  env: Record<string, string>;
  /** Where it was found, for people. */
  found: string;
}

/** Where to look. What is left out is not looked at; the variables are by default this process's. */
export interface Places {
  /** The path of the program `reprieve`, as somebody set it. */
  setting?: string;
  env?: NodeJS.ProcessEnv;
  /** A folder that may hold the program. */
  bundled?: string;
  /** Asked for the path of a Python, only if nothing came before it. */
  interpreter?: () => Promise<string | undefined>;
}

/** No bridge is there; the message says where it was looked for, and what to do. */
export class BridgeNotFound extends Error {
  override name = "BridgeNotFound";
}

const WINDOWS = process.platform === "win32";

/** The first bridge there is. Raises BridgeNotFound; also where a place that somebody named has none. */
export async function findBridge(places: Places = {}): Promise<Bridge> {
  const env = places.env ?? process.env;
  if (places.setting) return named(places.setting, "the setting");
  const variable = env[VARIABLE];
  if (variable) return named(variable, `the variable ${VARIABLE}`);
  const found =
    (await inFolder(places.bundled, "what is bundled")) ??
    (await inInterpreter(await places.interpreter?.())) ??
    (await onPath(env));
  if (found) return found;
  throw new BridgeNotFound(
    "The program reprieve was not found: not bundled, not in the selected Python, not on the PATH. " +
      "Install it (`uv tool install reprieve`), or name it in the setting reprieve.bridgePath.",
  );
}

async function named(file: string, origin: string): Promise<Bridge> {
  if (path.isAbsolute(file) && (await runs(file))) return program(file, origin);
  throw new BridgeNotFound(
    `There is no program at ${file}, which ${origin} names. Give its whole path, or leave it empty.`,
  );
}

async function inFolder(folder: string | undefined, origin: string): Promise<Bridge | undefined> {
  // A relative folder is somebody else's: of whoever decides which folder is the current one.
  if (!folder || !path.isAbsolute(folder)) return undefined;
  const file = path.join(folder, WINDOWS ? "reprieve.exe" : "reprieve");
  return (await runs(file)) ? program(file, origin) : undefined;
}

async function onPath(env: NodeJS.ProcessEnv): Promise<Bridge | undefined> {
  for (const folder of (env["PATH"] ?? env["Path"] ?? "").split(path.delimiter)) {
    const found = await inFolder(folder, "the PATH");
    if (found) return found;
  }
  return undefined;
}

/** -P, which a Python that is too old refuses: a `reprieve.py` in the current folder is not what is meant. */
async function inInterpreter(python: string | undefined): Promise<Bridge | undefined> {
  // A name, or a relative path, would be looked for from the current folder on.
  if (!python || !path.isAbsolute(python)) return undefined;
  const asks = "import importlib.util as u, sys; sys.exit(u.find_spec('reprieve') is None)";
  const has = await new Promise<boolean>((resolve) => {
    execFile(python, ["-P", "-c", asks], { timeout: 10_000 }, (error) => resolve(error === null));
  });
  return has ? { ...program(python, "the selected Python"), args: ["-P", "-m", "reprieve"] } : undefined;
}

const program = (command: string, found: string): Bridge => ({ command, args: [], env: {}, found });

async function runs(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
