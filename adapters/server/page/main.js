// The page: joins the token, the service, the line to it and what is shown.
// Everything shown is read from the service; the line's frames say how far jobs are, and when to read again.

import { showBackups, showFacts, showUndoCopies } from "./backups.js";
import { showChart } from "./chart.js";
import { deeds } from "./deeds.js";
import { byId, say } from "./dom.js";
import { announceEnds, announceProgress, ended, showEnded, showRunning } from "./jobs.js";
import { keepLine } from "./live.js";
import { alarm } from "./notices.js";
import { Gone, Service } from "./service.js";
import { stand, lock } from "./standing.js";
import { takeToken } from "./token.js";

const SOON = 1000;
const EVERY_SO_OFTEN = 20_000;

const token = takeToken();
addEventListener("hashchange", () => location.hash.startsWith("#token=") && location.reload());
if (token) watch(new Service(token));
else lock("The address that you opened has no token in it.");

function watch(service) {
  const known = { about: null, backups: [], undoCopies: [], jobs: null };
  const ours = new Set();
  const can = (operation) => known.about.operations.includes(operation);
  const does = deeds(service, {
    database: () => known.about.database,
    started: (job) => ours.add(job.id),
    changed: read,
  });
  let reading = null;
  let again = false;
  let lastFrame = {};
  let readAt = 0;

  /** Read all there is, and show it. Asked while it reads, it reads once more. */
  function read() {
    again = reading !== null;
    reading ??= readOnce().finally(() => {
      reading = null;
      if (again) read();
    });
    return reading;
  }

  async function readOnce() {
    readAt = Date.now();
    try {
      known.about = await service.about();
      const [backups, undoCopies, jobs] = await Promise.all([
        service.backups(),
        can("undo_copies") ? service.undoCopies() : [],
        service.jobs(),
      ]);
      announceEnds(known.jobs ?? jobs, jobs, backups);
      Object.assign(known, { backups, undoCopies, jobs });
      show();
    } catch (error) {
      if (!(error instanceof Gone)) alarm(error.message); // that nobody answers is told by the line
    }
  }

  function show() {
    stand("live", known.about);
    showJobs();
    showFacts(known.backups);
    showChart(byId("chart"), known.backups);
    showBackups(known.backups, { can, ...does });
    showUndoCopies(known.undoCopies, { can, ...does });
    showEnded(known.jobs.filter(ended), known.backups);
  }

  function showJobs() {
    showRunning(known.jobs.filter((job) => !ended(job)).toReversed(), {
      backups: known.backups,
      ours,
      ...does,
    });
  }

  /**
   * A frame has the progress of each job; the rest is read, at most once a second while nothing but progress
   * changes. A frame comes at each change: one that says nothing new tells a change that frames cannot say.
   */
  function onFrame({ backups = [], restorations = [] }) {
    if (known.jobs === null) return;
    const told = [
      ...backups.map((job) => ({ kind: "creation", ...job })),
      ...restorations.map((job) => ({ kind: "restoration", ...job })),
    ];
    for (const { kind, backup, status, percentage } of told.filter((job) => job.status === "IN-PROGRESS")) {
      const job = known.jobs.find((one) => !ended(one) && one.kind === kind && one.backup === backup?.id);
      if (job) announceProgress(job, Math.max(job.percentage, percentage));
    }
    showJobs();
    const frame = {
      jobs: told.map(({ kind, backup, status }) => `${kind} ${backup?.id} ${status}`).join(),
      all: JSON.stringify(told),
    };
    if (frame.jobs !== lastFrame.jobs || frame.all === lastFrame.all || Date.now() - readAt > SOON) read();
    lastFrame = frame;
  }

  /** Whether it is worth trying again: not with a token that is refused, which a socket cannot tell. */
  async function onLost() {
    const refused = await service.about().then(
      () => null,
      (error) => (error.status === 401 ? error : null),
    );
    if (refused) lock(refused.message);
    else stand("gone");
    return refused === null;
  }

  byId("back-up").addEventListener("click", does.backUp);
  new ResizeObserver(() => showChart(byId("chart"), known.backups)).observe(byId("overview"));
  addEventListener("focus", () => document.body.dataset.stands === "live" && read());
  setInterval(() => document.body.dataset.stands === "live" && show(), EVERY_SO_OFTEN);
  keepLine({ connect: () => service.progress(), onOpen: read, onFrame, onLost });
}
