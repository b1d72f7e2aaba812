// The extension in a fake editor, with a real bridge: what a person sees, and what comes of their answers.

import assert from "node:assert/strict";
import { homedir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import * as vscode from "vscode";
import { ReprieveClient } from "../src/client";
import { activate, deactivate, type Reprieve } from "../src/extension";
import { paths } from "../src/settings";
import { editor, ProgressLocation } from "./fake/vscode";
import {
  database,
  FOLDER,
  hanging,
  heedless,
  lives,
  offline,
  PROGRAM,
  PYTHON,
  read,
  until,
  write,
} from "./scene";

const subscriptions: vscode.Disposable[] = [];
const memory = new Map<string, unknown>();

/** Start the extension, as version 2.0.0, with this database set. */
async function start(target?: string, more: Record<string, unknown> = {}): Promise<Reprieve> {
  editor.settings = { ...(target === undefined ? {} : { "reprieve.database": target }), ...more };
  return activate({
    extension: { id: "reprieve.reprieve-vscode", packageJSON: { version: "2.0.0" } },
    extensionPath: FOLDER,
    globalState: {
      get: (key: string) => memory.get(key),
      update: async (key: string, value: unknown) => void memory.set(key, value),
    },
    subscriptions,
  } as unknown as vscode.ExtensionContext);
}

beforeEach(() => {
  process.env["REPRIEVE_BRIDGE"] = PROGRAM;
  memory.clear();
  Object.assign(editor, { messages: [], shown: [], logged: [], answer: () => undefined, pick: first });
  Object.assign(editor, { folder: undefined, python: undefined, openFile: undefined });
});

afterEach(async () => {
  await deactivate();
  for (const one of subscriptions.splice(0)) one.dispose();
});

const run = (command: string, ...args: unknown[]) => vscode.commands.executeCommand(command, ...args);
const first = (items: object[]) => items[0];
const texts = () => editor.messages.map((message) => message.text);
const labels = (view: string) => editor.items(view).map((item) => item.label);
const seen = (holds: () => boolean, what: string) => until(editor.watch, holds, what);

/** Chooses that word wherever it is offered. */
const choose = (word: string) => {
  editor.answer = ({ words }) => (words.includes(word) ? word : undefined);
};

/** The notification that is shown, once its job has got so far. */
async function shownAt(percentage: number) {
  const far = () =>
    editor.shown.at(-1)?.reports.reduce((sum, { increment }) => sum + (increment ?? 0), 0) ?? 0;
  await seen(() => far() >= percentage, `a notification at ${percentage} %`);
  return editor.shown.at(-1)!;
}

async function kill(reprieve: Reprieve): Promise<void> {
  process.kill((await (await reprieve.client()).pid())!, "SIGKILL");
}

test("without a database nothing is started, and Back Up Now leads to choosing one", async () => {
  await start();
  assert.equal(editor.statusBar.visible, false);

  editor.openFile = database("one");
  choose("Choose Database…");
  await run("reprieve.backUp");
  await seen(() => editor.statusBar.text === "$(history) No backup", "a database that was never backed up");

  assert.deepEqual(texts(), ["No database is set. Choose the one that is to be backed up."]);
  assert.equal(editor.settings["reprieve.database"], editor.openFile);
});

test("a backup is shown as it is made, and in the views and the status bar afterwards", async () => {
  const file = database("one");
  await start(file);

  await run("reprieve.backUp");
  await seen(() => labels("reprieve.backups").length === 1, "a backup in the view");

  const [shown] = editor.shown;
  const name = path.basename(file);
  assert.deepEqual([shown?.title, shown?.cancellable, shown?.over], [`Backing up ${name}`, true, true]);
  assert.equal(shown?.location, ProgressLocation.Notification);
  assert.match(texts()[0]!, new RegExp(`^Backed up ${name}: \\d+\\.\\d KiB\\.$`));
  assert.match(labels("reprieve.backups")[0]!, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  assert.deepEqual(labels("reprieve.jobs"), ["Backup"]);
  assert.equal(editor.statusBar.text, "$(history) just now");
});

test("while a job runs, the status bar says how far it is, and the tree offers to cancel it", async () => {
  await start(offline());

  const asked = run("reprieve.backUp");
  await shownAt(20);

  assert.match(editor.statusBar.text, /^\$\(sync~spin\) Backing up offline: \d\d %$/);
  assert.equal(editor.items("reprieve.jobs")[0]?.contextValue, "job.running");
  await asked;
});

test("a restoration says what it replaces, and is only begun when that is confirmed", async () => {
  const file = database("before");
  await start(file);
  await run("reprieve.backUp");
  write(file, "after");
  editor.messages = [];

  await run("reprieve.restore");
  const [question] = editor.messages;
  assert.equal(read(file), "after");

  choose("Restore");
  await run("reprieve.restore");
  assert.equal(read(file), "before");

  assert.deepEqual([question?.modal, question?.words], [true, ["Restore"]]);
  assert.match(
    question!.text,
    new RegExp(`^${path.basename(file)}, last changed .* is replaced by its backup of`),
  );
  assert.match(texts().at(-1)!, /^Restored notes-\d+\.db, as it was on /);
});

test("a restoration can be taken back, from its message or by the command", async () => {
  const file = database("before");
  await start(file);
  await run("reprieve.backUp");
  write(file, "after");
  editor.answer = ({ modal, text, words }) => (modal || text.startsWith("Restored") ? words[0] : undefined);

  await run("reprieve.restore");
  await seen(() => texts().some((text) => text.startsWith("Reverted")), "the revert");

  assert.equal(read(file), "after");
  await run("reprieve.revert");
  assert.equal(read(file), "before");
});

test("where nothing was replaced, there is nothing to revert; and likewise to cancel", async () => {
  await start(database("one"));

  await run("reprieve.revert");
  await run("reprieve.cancel");

  assert.deepEqual(texts(), [
    "No restoration has replaced anything: nothing to revert.",
    "Nothing runs that could be cancelled.",
  ]);
});

test("a database that changes while the question is open is asked about once more", async () => {
  const file = database("before");
  await start(file);
  await run("reprieve.backUp");
  editor.messages = [];
  editor.answer = ({ modal, words }) => {
    if (modal) write(file, "changed again");
    return modal ? words[0] : undefined;
  };

  await run("reprieve.restore");

  const [question, again] = editor.messages;
  assert.deepEqual([question?.words, again?.words], [["Restore"], ["Restore Anyway"]]);
  assert.match(again!.detail!, /^It has changed since you were asked/);
  assert.equal(read(file), "before");
});

test("the cancel button of a restoration's notification cancels it", async () => {
  await start(hanging);
  choose("Restore");

  const asked = run("reprieve.restore");
  const shown = await shownAt(20);
  shown.cancel();
  await asked;

  assert.equal(shown.title, "Restoring offline");
  assert.equal(texts().at(-1), "The restoration was cancelled; everything is as it was before.");
  assert.equal(editor.items("reprieve.jobs")[0]?.iconPath?.id, "circle-slash");
});

test("the command cancels the job that is picked", async () => {
  await start(hanging);

  const asked = run("reprieve.backUp");
  await shownAt(20);
  await run("reprieve.cancel");
  await asked;

  assert.deepEqual(texts(), ["The backup was cancelled; everything is as it was before."]);
});

test("a cancel that came too late is said to be", async () => {
  await start(heedless);
  choose("Restore");

  const asked = run("reprieve.restore");
  (await shownAt(20)).cancel();
  await asked;
  await seen(() => texts().length === 3, "both the end and the warning");

  const late = "It was complete before the cancel reached it. Revert brings back what it replaced.";
  assert.ok(texts().includes(late));
});

test("a job that fails is an error, with its sentence", async () => {
  await start(offline("&fail_at=0.4&fail=storageFull"));

  await run("reprieve.backUp");

  assert.equal(editor.messages[0]?.kind, "error");
  assert.match(texts()[0]!, /^The backup failed: /);
  assert.equal(editor.statusBar.text, "$(error) The backup failed");
});

test("a job of another program is in the tree", async () => {
  const file = database("shared");
  await start(file);
  const other = await ReprieveClient.connect({ target: file });

  await (
    await other.createBackup()
  ).ended;
  await seen(() => labels("reprieve.backups").length === 1, "another program's backup");
  await other.close();

  assert.equal(editor.items("reprieve.jobs")[0]?.contextValue, "job.ended");
  assert.deepEqual(editor.shown, []);
});

test("a bridge that dies is started again: the notification stays until the job has ended", async () => {
  const reprieve = await start(database("large", 60));

  const asked = run("reprieve.backUp");
  await shownAt(2);
  await kill(reprieve);
  await asked;

  assert.equal(editor.shown.length, 1);
  assert.match(texts().join(), /^Backed up notes-\d+\.db: \d+\.\d MiB\.$/);
});

test("a bridge that dies again is said to be gone; Try Again starts another one", async () => {
  const reprieve = await start(offline());
  await kill(reprieve);
  await seen(() => editor.context.get("reprieve.stands") === "restarting", "the first bridge's death");
  await seen(() => editor.context.get("reprieve.stands") === "ready", "the second bridge");
  await kill(reprieve);
  await seen(() => editor.context.get("reprieve.stands") === "gone", "no third bridge");

  assert.equal(editor.statusBar.text, "$(warning) Reprieve");
  assert.match(editor.statusBar.tooltip, /^The bridge ended twice/);
  assert.match(texts().join(), /^The bridge ended twice/);
  await run("reprieve.refresh");
  assert.equal(labels("reprieve.backups").length, 2);
});

test("where no bridge is found, it says what to do", async () => {
  choose("Open Settings");
  await start(offline(), { "reprieve.bridgePath": path.join(FOLDER, "missing") });

  assert.match(texts()[0]!, /^There is no program at .*missing, which the setting names/);
  assert.deepEqual(editor.logged, ["workbench.action.openSettings"]);
});

test("the selected interpreter is found by way of the Python extension", async () => {
  delete process.env["REPRIEVE_BRIDGE"];
  editor.python = PYTHON;

  await start(offline());

  assert.equal(labels("reprieve.backups").length, 2);
});

test("another database is another bridge", async () => {
  await start(offline());
  await editor.set({ "reprieve.database": offline("&database=other&latency=0.01") });
  await seen(
    () => editor.items("reprieve.backups")[0]?.tooltip?.includes("of other") ?? false,
    "the other database",
  );
});

test("when the window closes, its bridge ends with what it ran, and no other one is started", async () => {
  const reprieve = await start(hanging);
  const pid = (await (await reprieve.client()).pid())!;
  choose("Restore");
  const asked = run("reprieve.restore");
  await shownAt(20);
  const stood: unknown[] = [];
  editor.watch(() => stood.push(editor.context.get("reprieve.stands")));

  await deactivate();
  await asked;

  assert.equal(lives(pid), false);
  assert.deepEqual([stood.includes("starting"), stood.at(-1)], [false, "none"]);
});

test("with a schedule, a backup that is due is made quietly, and one that is not is not", async () => {
  const file = database("one");
  await start(file, { "reprieve.scheduleMinutes": 60 });
  await seen(() => labels("reprieve.backups").length === 1, "a scheduled backup");
  await deactivate();
  await start(file, { "reprieve.scheduleMinutes": 60 });

  assert.deepEqual(
    editor.shown.map((shown) => shown.location),
    [ProgressLocation.Window],
  );
  assert.deepEqual(texts(), []);
  assert.equal(labels("reprieve.backups").length, 1);
});

test("before an extension runs in a new version, its data is backed up once", async () => {
  await start(database("one"), { "reprieve.backUpBeforeUpdate": true });
  await run("reprieve.backUpBeforeUpdate", "theirs.notes", "3.1.0");
  await run("reprieve.backUpBeforeUpdate", "theirs.notes", "3.1.0");

  assert.equal(editor.shown.length, 2);
  assert.deepEqual([...memory.keys()].sort(), [
    "version of reprieve.reprieve-vscode",
    "version of theirs.notes",
  ]);
});

test("an update that could not be backed up before is told so, and asks again the next time", async () => {
  await start(offline("&fail_at=0.1&fail=storageFull"), { "reprieve.backUpBeforeUpdate": true });

  await assert.rejects(async () => run("reprieve.backUpBeforeUpdate", "theirs.notes", "3.1.0"), /failed/);
  assert.deepEqual([...memory.keys()], []);
});

test("paths in settings: the home, the folder that is open, other targets", () => {
  const database = (text: string) => {
    editor.settings = { "reprieve.database": text };
    return paths().database;
  };
  assert.equal(database("~/notes.db"), path.join(homedir(), "notes.db"));
  assert.equal(database("http://127.0.0.1:39300"), "http://127.0.0.1:39300");
  assert.equal(database("  "), undefined);
  assert.throws(() => database("notes.db"), /"notes\.db", but no folder is open/);

  editor.folder = path.join(FOLDER, "open");
  assert.equal(database("notes.db"), path.join(editor.folder, "notes.db"));
  assert.equal(database("${workspaceFolder}/notes.db"), path.join(editor.folder, "notes.db"));
});
