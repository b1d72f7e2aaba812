// The item in the status bar: what runs, or how old the newest backup is.

import * as vscode from "vscode";
import { hasEnded } from "./running";
import type { Session } from "./session";
import { ago, deed, doing, ending, standing } from "./words";

interface Shown {
  text: string;
  tooltip: string;
  command: string;
  warns?: boolean;
}

export class Status implements vscode.Disposable {
  readonly #item = vscode.window.createStatusBarItem("reprieve.status", vscode.StatusBarAlignment.Left, 0);

  constructor(private readonly session: Session) {
    this.#item.name = "Reprieve";
    session.onDidChange(() => this.#draw());
    this.#draw();
  }

  dispose(): void {
    this.#item.dispose();
  }

  #draw(): void {
    const shown = whatToShow(this.session);
    if (!shown) return this.#item.hide();
    const { warns = false, ...look } = shown;
    Object.assign(this.#item, look);
    this.#item.backgroundColor = warns ? new vscode.ThemeColor("statusBarItem.warningBackground") : undefined;
    this.#item.show();
  }
}

/** Undefined where there is nothing to show. */
export function whatToShow({ stands, why, jobs, backups }: Session): Shown | undefined {
  const show = "reprieve.showBackups";
  if (stands === "none") return undefined;
  if (stands === "gone")
    return { text: "$(warning) Reprieve", tooltip: why ?? "", command: "reprieve.refresh", warns: true };
  if (stands !== "ready") return { text: "$(sync~spin) Reprieve", tooltip: "Starting", command: show };
  const running = jobs.find((job) => !hasEnded(job));
  if (running) {
    const far = running.state === "cancelling" ? "cancelling" : `${Math.floor(running.percentage)} %`;
    return { text: `$(sync~spin) ${doing(running)}: ${far}`, tooltip: standing(running), command: show };
  }
  const [last] = jobs;
  if (last?.state === "failed")
    return { text: `$(error) The ${deed(last)} failed`, tooltip: ending(last), command: show, warns: true };
  const [newest] = backups;
  if (!newest) return { text: "$(history) No backup", tooltip: "Back up now", command: "reprieve.backUp" };
  return {
    text: `$(history) ${ago(newest.created)}`,
    tooltip: `Last backup of ${newest.database}`,
    command: show,
  };
}
