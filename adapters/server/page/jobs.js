// What runs now, with its progress, and how what ran lately has ended.
// Knows jobs as the service tells them; starts and cancels nothing itself.

import { button, byId, draw, inStep, make, say, time } from "./dom.js";
import { alarm, note } from "./notices.js";
import { clock, day, moment, size, took } from "./words.js";

const LATELY = 8;

const DEEDS = { backup: "Backing up", restoration: "Restoring", revert: "Reverting" };

export const ended = (job) => job.state === "done" || job.state === "failed";

function deed(job) {
  if (job.kind === "creation") return "backup";
  return job.backup ? "restoration" : "revert";
}

/** What a job does: `Restoring the backup of 2026-11-23 14:31:11`. */
function doing(job, backups) {
  const of = deed(job) === "restoration" ? ` the backup of ${made(job.backup, backups)}` : "";
  return `${DEEDS[deed(job)]}${of}`;
}

/** How an ended job ended, as a sentence. */
function ending(job, backups) {
  if (job.state === "failed") return `The ${deed(job)} failed: ${job.error?.message ?? "nobody said why."}`;
  if (job.outcome === "cancelled") return `The ${deed(job)} was cancelled; everything is as it was before.`;
  return {
    backup: backedUp(backups.find((one) => one.id === job.backup)),
    restoration: `Restored: the database is as it was on ${made(job.backup, backups)}.`,
    revert: "Reverted: the database holds again what it held before.",
  }[deed(job)];
}

function backedUp(backup) {
  if (!backup) return "Backed up.";
  const grew = backup.added === undefined ? "" : `; the store grew by ${size(backup.added)}`;
  return `Backed up ${size(backup.bytes)}${grew}.`;
}

/** Say of each job that has ended since `before` was read how it did. */
export function announceEnds(before, now, backups) {
  const open = new Set(before.filter((job) => !ended(job)).map((job) => job.id));
  const news = now.filter((job) => ended(job) && open.has(job.id));
  for (const job of news) (job.state === "failed" ? alarm : note)(ending(job, backups));
  if (news.length > 0) say(byId("said"), news.map((job) => ending(job, backups)).join(" "));
}

/** Set how far a job is; say so at each quarter, not at each step. */
export function announceProgress(job, percentage) {
  const quarter = Math.floor(percentage / 25);
  if (quarter > Math.floor(job.percentage / 25) && quarter < 4) say(byId("said"), `${DEEDS[deed(job)]}: ${quarter * 25} percent`);
  job.percentage = percentage;
}

/** Show the jobs that have not ended. `ours` are the ids of those that were asked for here. */
export function showRunning(jobs, { backups, ours, cancel }) {
  byId("running").hidden = jobs.length === 0;
  inStep(byId("jobs"), jobs, {
    key: (job) => job.id,
    create: (job) => card(job, doing(job, backups), ours.has(job.id), cancel),
    update: bringUpToDate,
    heading: byId("back-up"),
  });
}

/** Show the newest jobs that have ended. */
export function showEnded(jobs, backups) {
  byId("lately").hidden = jobs.length === 0;
  inStep(byId("ended"), jobs.slice(0, LATELY), {
    key: (job) => job.id,
    create: (job) => line(job, ending(job, backups)),
    heading: byId("lately-title"),
  });
}

function card(job, deed, ours, cancel) {
  const title = make("h3", { id: `job-${job.id}` }, deed);
  if (!ours) title.append(" ", make("span", { class: "tag" }, "started elsewhere"));
  return make(
    "li",
    { class: "job" },
    title,
    make("p", { class: "percentage", "aria-hidden": "true" }),
    make("progress", { max: 100, value: 0, "aria-labelledby": `job-${job.id}` }),
    make("p", { class: "standing" }),
    button("Cancel", () => cancel(job), { class: "act cancel", label: `Cancel: ${deed}` }),
  );
}

function bringUpToDate(element, job) {
  const progress = element.querySelector("progress");
  progress.value = Math.max(progress.value, job.percentage);
  element.dataset.state = job.state;
  say(element.querySelector(".percentage"), `${Math.floor(progress.value)} %`);
  say(element.querySelector(".standing"), standing(job));
  element.querySelector(".cancel").setAttribute("aria-disabled", job.state === "cancelling");
}

function standing(job) {
  if (job.state === "idle") return job.attempt > 1 ? `Waiting to try again (attempt ${job.attempt})` : "Waiting for its turn";
  if (job.state === "cancelling") return "Cancelling, and putting everything back";
  const amount = job.unit === "bytes" ? `${size(job.done)} of ${size(job.total)}` : `${job.done} of ${job.total}`;
  const again = job.attempt > 1 ? `attempt ${job.attempt}` : "";
  return [job.phase, job.total ? amount : "", again].filter(Boolean).join(" · ");
}

function line(job, sentence) {
  const at = new Date(job.endedAt ?? job.createdAt);
  const length = job.startedAt && job.endedAt ? took(new Date(job.startedAt), at) : "";
  return make(
    "li",
    { class: "line", "data-ending": job.state === "failed" ? "failed" : job.outcome },
    sign(job),
    make("p", { class: "what" }, sentence),
    make("p", { class: "when" }, time(at, `${day(at)} ${clock(at)}`), length && ` · ${length}`),
  );
}

/** A tick, a cross or an arrow back: how it ended, beside the sentence that says it. */
function sign(job) {
  const cancelled = "M10.5 4.5H6a3 3 0 0 0 0 6h3M8.5 2l2.5 2.5L8.5 7";
  const path = job.state === "failed" ? "M3 3l7 7M10 3l-7 7" : job.outcome === "cancelled" ? cancelled : "M2.5 7l3 3 5-6.5";
  return draw("svg", { class: "sign", viewBox: "0 0 13 13", "aria-hidden": "true" }, draw("path", { d: path }));
}

function made(id, backups) {
  const backup = backups.find((one) => one.id === id);
  return backup ? moment(new Date(backup.created)) : id;
}
