// A job that somebody asked for, shown from its start to its end, with a button that cancels it.
// Ends when the job does; says then how it ended.

import * as vscode from "vscode";
import type { CancelAnswer, Job } from "./protocol";
import { type RunningJob } from "./running";
import { doing, standing } from "./words";

/** Where it is shown: a notification with a cancel button, or quietly in the status bar. */
export type Where = "notification" | "quietly";

/** Show it until it has ended; resolves with the job as it is then. */
export async function follow(running: RunningJob, where: Where = "notification"): Promise<Job> {
  const loud = where === "notification";
  const location = loud ? vscode.ProgressLocation.Notification : vscode.ProgressLocation.Window;
  const options = { location, title: doing(running.job), cancellable: loud };
  return vscode.window.withProgress(options, (progress, token) => {
    let shown = 0;
    running.onUpdate((job) => {
      progress.report({ message: standing(job), increment: job.percentage - shown });
      shown = job.percentage;
    });
    token.onCancellationRequested(() => void cancel(running));
    return running.ended;
  });
}

async function cancel(running: RunningJob): Promise<void> {
  try {
    await tellIfTooLate(await running.cancel());
  } catch (error) {
    void vscode.window.showErrorMessage((error as Error).message);
  }
}

/** Nobody should believe that something was cancelled that was not. */
export async function tellIfTooLate({ accepted, job }: CancelAnswer): Promise<void> {
  if (accepted) return;
  const revert = job.kind === "restoration" ? " Revert brings back what it replaced." : "";
  await vscode.window.showWarningMessage(`It was complete before the cancel reached it.${revert}`);
}
