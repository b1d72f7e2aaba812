// The extension: what is made at its start, what ends with it, and which command is whose.

import path from "node:path";
import * as vscode from "vscode";
import type { ReprieveClient } from "./client";
import { Commands } from "./commands";
import { selectedInterpreter } from "./interpreter";
import type { Job } from "./protocol";
import { Schedule } from "./schedule";
import { Session } from "./session";
import { backsUpBeforeUpdate, paths, scheduleMinutes } from "./settings";
import { Status } from "./status";
import { registerViews } from "./tree";
import { backUpBeforeUpdate } from "./updates";
import { ending } from "./words";

let session: Session;

/** What other extensions get of this one: its client, of the database that this window has set. */
export interface Reprieve {
  client(): Promise<ReprieveClient>;
}

export async function activate(context: vscode.ExtensionContext): Promise<Reprieve> {
  const { id, packageJSON } = context.extension;
  const version: string = packageJSON.version;
  const log = vscode.window.createOutputChannel("Reprieve", { log: true });
  const places = { bundled: path.join(context.extensionPath, "bin"), interpreter: selectedInterpreter };
  session = new Session(paths, places, { name: id, version }, (line) => log.info(line));
  const commands = new Commands(session, log);

  const backedUp = async (key?: string) => mustComplete(await commands.backedUp("quietly", key));
  const beforeUpdate = async (extension: string, its: string) => {
    if (backsUpBeforeUpdate()) await backUpBeforeUpdate(context.globalState, extension, its, backedUp);
  };
  const failed = (error: Error) => commands.complain(error);
  const schedule = new Schedule({
    minutes: scheduleMinutes,
    newest: async () => (await (await session.client).backups()).at(-1),
    backUp: (key) => backedUp(`${key}/${paths().database}`),
    failed,
  });

  const begin = async () => {
    await session.close();
    if (!vscode.workspace.getConfiguration("reprieve").get("database")) return schedule.dispose();
    await commands.attempt(() => session.refresh());
    schedule.start();
  };

  // One after another: settings may change while a bridge is still being started for the former ones.
  let begun = Promise.resolve();
  const beginAgain = () => (begun = begun.then(begin));

  const command = vscode.commands.registerCommand;
  context.subscriptions.push(
    log,
    schedule,
    session.onDidLose(commands.lost),
    new Status(session),
    ...registerViews(session),
    command("reprieve.backUp", commands.backUp),
    command("reprieve.restore", commands.restore),
    command("reprieve.cancel", commands.cancel),
    command("reprieve.revert", commands.revert),
    command("reprieve.showBackups", commands.showBackups),
    command("reprieve.chooseDatabase", commands.chooseDatabase),
    command("reprieve.refresh", commands.refresh),
    command("reprieve.backUpBeforeUpdate", beforeUpdate),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration("reprieve")) void beginAgain();
    }),
  );
  await beginAgain();
  await beforeUpdate(id, version).catch(failed);
  return { client: () => session.client };
}

/** The bridge is told goodbye: what it runs for this window is cancelled and cleaned up. */
export const deactivate = (): Promise<void> => session.dispose();

/** For those who must not go on without a backup. */
function mustComplete(job: Job): void {
  if (job.state !== "done" || job.outcome !== "completed") throw new Error(ending(job));
}
