// Sizes, moments, jobs and their ends in people's words.
// Knows how things are said; nothing of where.

import path from "node:path";
import type { Backup, Job } from "./protocol";

const UNITS = ["KiB", "MiB", "GiB", "TiB"];

/** `512 B`, `100.3 MiB`. */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value.toFixed(1)} ${UNITS[unit]}`;
}

const two = (number: number) => String(number).padStart(2, "0");

/** In the reader's own time zone: `2026-11-23 14:31:11`. */
export function moment(iso: string): string {
  const at = new Date(iso);
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join("-");
  return `${day} ${[at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":")}`;
}

const SPANS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
] as const;

/** In its largest unit: `3 hours ago`; `3 hours in the future`, where the clock was wrong then or is now. */
export function ago(iso: string, now = Date.now()): string {
  const seconds = (now - Date.parse(iso)) / 1000;
  for (const [unit, length] of SPANS) {
    const count = Math.floor(Math.abs(seconds) / length);
    if (count >= 1) return `${count} ${unit}${count === 1 ? "" : "s"} ${seconds < 0 ? "in the future" : "ago"}`;
  }
  return "just now";
}

export type Deed = "backup" | "restoration" | "revert";

export function deed(job: Job): Deed {
  if (job.kind === "creation") return "backup";
  // A revert goes back to an undo copy, not to a backup. (A restoration has an undo copy too: its own.)
  return job.backup === undefined ? "revert" : "restoration";
}

export const NAMES = { backup: "Backup", restoration: "Restoration", revert: "Revert" };
const DOING = { backup: "Backing up", restoration: "Restoring", revert: "Reverting" };

/** `Backing up snippets.db`. */
export const doing = (job: Job): string => `${DOING[deed(job)]} ${path.basename(job.database)}`;

/** How far: `Waiting for its turn`, `storing 42 %`, `Cancelling`. */
export function standing(job: Job): string {
  if (job.state === "idle") return "waiting for its turn";
  if (job.state === "cancelling") return "cancelling, and putting everything back";
  return `${job.phase} ${Math.floor(job.percentage)} %`.trim();
}

/** How it ended, as a sentence. `backups` is where the one that it made is looked up. */
export function ending(job: Job, backups: readonly Backup[] = []): string {
  if (job.state === "failed") return `The ${deed(job)} failed: ${job.error?.message ?? "nobody said why."}`;
  if (job.outcome === "cancelled") return `The ${deed(job)} was cancelled; everything is as it was before.`;
  const backup = backups.find((one) => one.id === job.backup);
  const name = path.basename(job.database);
  return {
    backup: `Backed up ${name}${backup ? `: ${size(backup.bytes)}` : ""}.`,
    restoration: `Restored ${name}${backup ? `, as it was on ${moment(backup.created)}` : ""}.`,
    revert: `Reverted ${name}: it holds again what it held before.`,
  }[deed(job)];
}
