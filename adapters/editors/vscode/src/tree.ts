// The two views: jobs, the running ones first, and backups, the newest first.
// Shows what the session knows; asks for nothing.

import * as vscode from "vscode";
import type { Backup, Job } from "./protocol";
import { hasEnded } from "./running";
import type { Change, Session } from "./session";
import { ago, deed, ending, moment, NAMES, size, standing } from "./words";

const ENDED = 8;

/** A list of what the session has, redrawn at each change of that kind. */
class List<One> implements vscode.TreeDataProvider<One> {
  readonly #redraw = new vscode.EventEmitter<void>();
  readonly onDidChangeTreeData = this.#redraw.event;

  constructor(
    session: Session,
    kind: Change,
    private readonly all: () => One[],
    readonly getTreeItem: (one: One) => vscode.TreeItem,
  ) {
    session.onDidChange((change) => {
      if (change === kind) this.#redraw.fire();
    });
  }

  getChildren(parent?: One): One[] {
    return parent === undefined ? this.all() : [];
  }
}

export function registerViews(session: Session): vscode.Disposable[] {
  const backups = () => session.backups;
  return [
    vscode.window.registerTreeDataProvider(
      "reprieve.backups",
      new List(session, "backups", backups, asBackup),
    ),
    vscode.window.registerTreeDataProvider(
      "reprieve.jobs",
      new List(
        session,
        "jobs",
        () => runningFirst(session.jobs),
        (job) => asJob(job, session.backups),
      ),
    ),
  ];
}

const runningFirst = (jobs: Job[]) => [
  ...jobs.filter((job) => !hasEnded(job)),
  ...jobs.filter(hasEnded).slice(0, ENDED),
];

function asBackup(backup: Backup): vscode.TreeItem {
  const item = new vscode.TreeItem(moment(backup.created));
  item.id = backup.id;
  item.description = `${ago(backup.created)} · ${size(backup.bytes)}`;
  item.contextValue = "backup";
  item.iconPath = new vscode.ThemeIcon(backup.sourceDamaged ? "warning" : "history");
  item.tooltip = [
    `Backup ${backup.id}`,
    `of ${backup.database}`,
    `on ${backup.deviceName} (${backup.platform})`,
    ...(backup.added === undefined ? [] : [`The store grew by ${size(backup.added)}`]),
    ...(backup.sourceDamaged ? ["The database was damaged when it was made"] : []),
  ].join("\n");
  return item;
}

function asJob(job: Job, backups: readonly Backup[]): vscode.TreeItem {
  const over = hasEnded(job);
  const item = new vscode.TreeItem(NAMES[deed(job)]);
  item.id = job.id;
  item.contextValue = over ? "job.ended" : "job.running";
  item.description = over ? `${outcome(job)} ${ago(job.endedAt ?? job.createdAt)}` : standing(job);
  item.iconPath = icon(job);
  item.tooltip = over ? ending(job, backups) : `The ${deed(job)} ${job.id}, attempt ${job.attempt}`;
  return item;
}

const outcome = (job: Job) => (job.state === "failed" ? "failed" : job.outcome);

function icon(job: Job): vscode.ThemeIcon {
  if (job.state === "failed")
    return new vscode.ThemeIcon("error", new vscode.ThemeColor("testing.iconFailed"));
  if (job.outcome === "cancelled") return new vscode.ThemeIcon("circle-slash");
  if (hasEnded(job)) return new vscode.ThemeIcon("pass", new vscode.ThemeColor("testing.iconPassed"));
  return new vscode.ThemeIcon(job.state === "idle" ? "circle-outline" : "sync~spin");
}
