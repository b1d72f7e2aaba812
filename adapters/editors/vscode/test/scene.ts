// What the tests of the extension and of the client share: databases, a home of their own, waiting.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const DEADLINE = 60_000;

/** The Python that has reprieve, and the program of its bridge: given by who runs the tests. */
export const PYTHON = given("REPRIEVE_TEST_PYTHON");
export const PROGRAM = given("REPRIEVE_TEST_PROGRAM");

function given(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`Set ${name}; tests/editors/test_vscode.py does.`);
  return value;
}

/** A folder with a home, a store and nothing else of anybody's; gone when the process ends. */
export const FOLDER = mkdtempSync(path.join(tmpdir(), "reprieve-vscode-"));
process.env["REPRIEVE_HOME"] = path.join(FOLDER, "home");
process.env["REPRIEVE_STORE"] = path.join(FOLDER, "store");
process.env["REPRIEVE_BRIDGE"] = PROGRAM;
process.on("exit", () => rmSync(FOLDER, { recursive: true, force: true }));

/** Jobs that take a second each, and earlier backups. */
export const offline = (more = "", rate = 1_000_000): string =>
  `offline:?size=1000000&rate=${rate}&backups=2&seed=7${more}`;

/** Jobs that stand still half way, until they are cancelled. */
export const hanging = offline("&hang_at=0.5");

/** Jobs that complete although they are cancelled, after three seconds. */
export const heedless = offline("&complete_despite_cancel=true", 333_333);

let count = 0;

/** A real database: a table `notes` with one note, and so many bytes of ballast. */
export function database(note: string, megabytes = 0): string {
  const file = path.join(FOLDER, `notes-${(count += 1)}.db`);
  sql(file, "PRAGMA journal_mode = wal; CREATE TABLE notes (note); CREATE TABLE ballast (bytes)");
  if (megabytes) {
    const many = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${megabytes})`;
    sql(file, `${many} INSERT INTO ballast SELECT randomblob(1000000) FROM n`);
  }
  write(file, note);
  return file;
}

export const write = (file: string, note: string): void => {
  sql(file, `DELETE FROM notes; INSERT INTO notes VALUES ('${note}')`);
};

export const read = (file: string): string => sql(file, "SELECT note FROM notes");

/** Another program on the database: the standard library's SQLite. */
function sql(file: string, statements: string): string {
  const program =
    "import sqlite3, sys\n" +
    "d = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)\n" +
    "for s in sys.argv[2].split('; '):\n    r = d.execute(s).fetchall()\n" +
    "print(''.join(str(x) for (x,) in r), end='')";
  return execFileSync(PYTHON, ["-c", program, file, statements], { encoding: "utf-8" });
}

/** Resolves once `holds` does, looked at whenever `changes` says so. Rejects after a minute. */
export function until(
  changes: (look: () => void) => void,
  holds: () => boolean,
  what: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`In a minute it did not come about: ${what}`)), DEADLINE);
    const look = () => {
      if (!holds()) return;
      clearTimeout(late);
      resolve();
    };
    changes(look);
    look();
  });
}

/** Whether a process is there. */
export function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
