// What each command does. What goes wrong is shown, with what to do about it.

import * as vscode from "vscode";
import { BridgeNotFound } from "./bridge";
import { restoreIfConfirmed, revertIfConfirmed } from "./confirm";
import { follow, tellIfTooLate, type Where } from "./following";
import { BridgeGone } from "./errors";
import type { Backup, Job, UndoCopy } from "./protocol";
import { hasEnded, type RunningJob } from "./running";
import { NoDatabase, type Session } from "./session";
import { ago, deed, doing, ending, moment, size, standing } from "./words";

export class Commands {
  constructor(
    private readonly session: Session,
    private readonly log: vscode.OutputChannel,
  ) {}

  readonly backUp = () => this.attempt(async () => this.tellEnd(await this.backedUp("notification")));

  readonly restore = (backup?: Backup) =>
    this.attempt(async () => {
      const client = await this.session.client;
      const chosen = backup ?? (await pick("Restore which backup?", await newestFirst(client), asBackup));
      if (chosen) await this.#show(await restoreIfConfirmed(client, chosen.id));
    });

  readonly revert = () =>
    this.attempt(async () => {
      const client = await this.session.client;
      const copies = await client.undoCopies();
      if (copies.length === 0) return void say("No restoration has replaced anything: nothing to revert.");
      const chosen = await pick("Bring back what it held until …", copies, asCopy);
      if (chosen) await this.#show(await revertIfConfirmed(client, chosen));
    });

  readonly cancel = (job?: Job) =>
    this.attempt(async () => {
      const client = await this.session.client;
      const running = (await client.jobs({ unsettled: true })).filter((one) => !hasEnded(one));
      if (!job && running.length === 0) return void say("Nothing runs that could be cancelled.");
      const chosen = job ?? (await pick("Cancel which job?", running, asJob));
      if (chosen) await tellIfTooLate(await client.cancel(chosen.id));
    });

  readonly showBackups = () => vscode.commands.executeCommand("reprieve.backups.focus");

  readonly refresh = () => this.attempt(() => this.session.refresh());

  readonly chooseDatabase = () =>
    this.attempt(async () => {
      const [file] = (await vscode.window.showOpenDialog({ openLabel: "Back Up This Database" })) ?? [];
      if (!file) return;
      const section = vscode.workspace.getConfiguration("reprieve");
      await section.update("database", file.fsPath, vscode.ConfigurationTarget.Global);
    });

  /** Back up; resolves with the job as it ended. */
  async backedUp(where: Where, key?: string): Promise<Job> {
    const client = await this.session.client;
    return follow(await client.createBackup(key === undefined ? {} : { idempotencyKey: key }), where);
  }

  async #show(running: RunningJob | undefined): Promise<void> {
    if (running) await this.tellEnd(await follow(running));
  }

  async tellEnd(job: Job): Promise<void> {
    if (job.state === "failed") return void this.#complain(ending(job));
    const backups = await (await this.session.client).backups();
    const revertible = deed(job) === "restoration" && job.outcome === "completed";
    void say(ending(job, backups), ...(revertible ? ["Revert…"] : [])).then((word) => {
      if (word) return this.revert();
    });
  }

  /** Do it; what goes wrong is said to whoever asked. */
  async attempt(deed: () => Promise<void>): Promise<void> {
    try {
      await deed();
    } catch (error) {
      this.complain(error as Error);
    }
  }

  /** Say what went wrong, with a button for what to do about it. */
  complain(error: Error): void {
    if (error instanceof BridgeGone) return; // `lost` says it, once for all that waited.
    if (error instanceof NoDatabase)
      return this.#complain(error.message, "Choose Database…", this.chooseDatabase);
    if (error instanceof BridgeNotFound)
      return this.#complain(error.message, "Open Settings", () =>
        vscode.commands.executeCommand("workbench.action.openSettings", "reprieve.bridgePath"),
      );
    this.#complain(error.message);
  }

  readonly lost = (gone: BridgeGone) => this.#complain(gone.message, "Try Again", this.refresh);

  #complain(sentence: string, word = "Show Log", deed: () => unknown = () => this.log.show()): void {
    void vscode.window.showErrorMessage(sentence, word).then((chosen) => {
      if (chosen === word) return deed();
    });
  }
}

const say = (sentence: string, ...words: string[]) =>
  vscode.window.showInformationMessage(sentence, ...words);

/** The only one there is, or the one that somebody picks. */
async function pick<One>(
  title: string,
  all: readonly One[],
  as: (one: One) => vscode.QuickPickItem,
): Promise<One | undefined> {
  const items = all.map((one) => ({ ...as(one), one }));
  const options = {
    title,
    matchOnDescription: true,
    placeHolder: all.length === 0 ? "There is none" : title,
  };
  return (await vscode.window.showQuickPick(items, options))?.one;
}

const newestFirst = async (client: { backups(): Promise<Backup[]> }) => (await client.backups()).reverse();

const asBackup = (backup: Backup): vscode.QuickPickItem => ({
  label: `$(history) ${moment(backup.created)}`,
  description: `${ago(backup.created)} · ${size(backup.bytes)}`,
  detail: backup.sourceDamaged ? "Made of a damaged database" : backup.deviceName,
});

const asCopy = (copy: UndoCopy): vscode.QuickPickItem => ({
  label: `$(reply) ${moment(copy.created)}`,
  description: `${ago(copy.created)} · ${size(copy.bytes)}`,
  detail: copy.reason,
});

const asJob = (job: Job): vscode.QuickPickItem => ({
  label: `$(sync) ${doing(job)}`,
  description: standing(job),
});
