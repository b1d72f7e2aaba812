// Sizes, moments and lengths in people's words, as the command line writes them.
// Knows how things are written; nothing of where.

const UNITS = ["B", "KiB", "MiB", "GiB"];

/** A number of bytes: `100.3 MiB`; a dash for one that is not known. */
export function size(bytes) {
  if (bytes === undefined || bytes === null) return "–";
  let value = bytes;
  for (const unit of UNITS) {
    if (value < 1024) return unit === "B" ? `${value} B` : `${value.toFixed(1)} ${unit}`;
    value /= 1024;
  }
  return `${value.toFixed(1)} TiB`;
}

const two = (number) => String(number).padStart(2, "0");

/** A day in the reader's own time zone: `2026-11-23`. */
export function day(at) {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}

/** A time of day in the reader's own time zone: `14:31:11`. */
export function clock(at) {
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

export const moment = (at) => `${day(at)} ${clock(at)}`;

/** How long ago that was, in its largest unit: `3 hours ago`; `3 hours in the future`, where a clock was wrong. */
export function ago(at, now = new Date()) {
  const seconds = Math.abs(Math.round((now - at) / 1000));
  const side = now < at ? "in the future" : "ago";
  for (const [unit, length] of [
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
  ]) {
    if (seconds >= length) return `${counted(Math.floor(seconds / length), unit)} ${side}`;
  }
  return "just now";
}

/** `1 backup`, `2 backups`. */
export const counted = (number, thing) => `${number} ${thing}${number === 1 ? "" : "s"}`;

/** How long something took: `0.42 s`, `3 min 20 s`. */
export function took(from, to) {
  const seconds = (to - from) / 1000;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  return seconds < 120
    ? `${seconds.toFixed(0)} s`
    : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** A path's folder and its last name; a name that is no path has no folder. */
export function parted(path) {
  const cut = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1;
  return { folder: path.slice(0, cut), name: path.slice(cut) };
}
