// The backups as a table, what restorations replaced as a list, and the few numbers that say it all.
// Knows backups and undo copies as the service tells them; does nothing with them itself.

import { button, byId, inStep, make, say, time } from "./dom.js";
import { ago, clock, counted, day, moment, size } from "./words.js";

const AT_FIRST = 15;
let shown = AT_FIRST;

/** Show the newest backups. `can` says which operations there are; `restore` and `remove` do them. */
export function showBackups(backups, { can, restore, remove }) {
  const newestFirst = backups.toReversed().slice(0, shown);
  byId("backups").hidden = backups.length === 0;
  byId("backups-none").hidden = backups.length > 0;
  say(byId("backups-count"), backups.length > 0 ? String(backups.length) : "");
  inStep(byId("backups-rows"), newestFirst, {
    key: (backup) => backup.id,
    create: (backup) => row(backup, { can, restore, remove }),
    update: (element, backup) => say(element.querySelector(".ago"), ago(new Date(backup.created))),
    heading: byId("backups-title"),
  });
  const more = byId("backups-more");
  more.hidden = backups.length <= shown;
  say(more, `Show all ${backups.length}`);
  more.onclick = () => {
    shown = Infinity;
    showBackups(backups, { can, restore, remove });
    byId("backups-rows").children[AT_FIRST].querySelector("button")?.focus();
  };
}

function row(backup, { can, restore, remove }) {
  const at = new Date(backup.created);
  const cell = (attributes, ...children) => make("td", { role: "cell", ...attributes }, ...children);
  return make(
    "tr",
    { role: "row" },
    make(
      "th",
      { role: "rowheader", scope: "row", class: "made" },
      time(at, make("span", { class: "day" }, day(at)), " ", make("span", { class: "clock" }, clock(at))),
      " ",
      make("span", { class: "ago" }),
      backup.sourceDamaged ? make("span", { class: "tag warn" }, "damaged when it was made") : null,
    ),
    cell({ class: "number size" }, size(backup.bytes)),
    cell({ class: "number added" }, size(backup.added)),
    cell({ class: "device", title: backup.deviceName }, backup.deviceName),
    cell(
      { class: "deeds" },
      can("restore") ? button("Restore…", () => restore(backup), { class: "act deed", label: `Restore… ${moment(at)}` }) : null,
      can("delete") ? button("Delete…", () => remove(backup), { class: "act deed bad", label: `Delete… ${moment(at)}` }) : null,
    ),
  );
}

/** Show what can be gone back to, newest first. */
export function showUndoCopies(copies, { can, revert }) {
  byId("undo").hidden = copies.length === 0;
  inStep(byId("undo-copies"), copies, {
    key: (copy) => copy.id,
    create: (copy) => undoLine(copy, can("revert") ? revert : null),
    update: (element, copy) => say(element.querySelector(".ago"), ago(new Date(copy.created))),
    heading: byId("undo-title"),
  });
}

function undoLine(copy, revert) {
  const at = new Date(copy.created);
  return make(
    "li",
    { class: "line" },
    make("p", { class: "what" }, `${size(copy.bytes)}, replaced by ${copy.reason}`),
    make("p", { class: "when" }, time(at, moment(at)), " · ", make("span", { class: "ago" })),
    revert && button("Revert…", () => revert(copy), { class: "act deed", label: `Revert… to what was replaced ${moment(at)}` }),
  );
}

/** Show the numbers: when the last one was, how many there are, how large, and what all of them take. */
export function showFacts(backups) {
  byId("overview").hidden = backups.length === 0;
  if (backups.length === 0) return;
  const first = backups[0];
  const last = backups.at(-1);
  const at = new Date(last.created);
  const added = backups.map((backup) => backup.added).filter((bytes) => bytes !== undefined);
  const together = added.reduce((sum, bytes) => sum + bytes, 0);
  const facts = [
    ["Last backup", ago(at), moment(at)],
    ["Backups", String(backups.length), `since ${day(new Date(first.created))}`],
    ["Database", size(last.bytes), "at the last backup"],
    ["Added to the store", added.length ? size(together) : "–", `by ${counted(added.length, "backup")}`],
  ];
  inStep(byId("facts"), facts, {
    key: ([name]) => name,
    create: ([name]) => make("div", {}, make("dt", {}, name), make("dd", { class: "value" }), make("dd", { class: "note" })),
    update: (element, [, value, note]) => {
      say(element.querySelector(".value"), value);
      say(element.querySelector(".note"), note);
    },
    heading: byId("backups-title"),
  });
}
