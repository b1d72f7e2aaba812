// The question before anything is replaced: it says what is replaced, and by what.
// Whoever answers late is asked again; a database that is written to all the time, only once more.

import path from "node:path";
import * as vscode from "vscode";
import type { ReprieveClient } from "./client";
import { ReprieveError } from "./errors";
import { ErrorCode, type UndoCopy } from "./protocol";
import type { RunningJob } from "./running";
import { ago, moment, size } from "./words";

const OPEN = "Programs that have it open can stay open.";
const CHANGED =
  "It has changed since you were asked, and may change until it is replaced: " +
  "what is written to it meanwhile is replaced, too, and can be brought back likewise.";

/** Plan, ask, restore; ask once more where the plan was stale. Undefined where the answer was no. */
export async function restoreIfConfirmed(
  client: ReprieveClient,
  backup: string,
): Promise<RunningJob | undefined> {
  const plan = await client.restorePlan(backup);
  if (!(await yes(plan.message, OPEN, "Restore"))) return undefined;
  try {
    return await client.restore(plan);
  } catch (error) {
    if (!(error instanceof ReprieveError) || error.code !== ErrorCode.PlanStale) throw error;
  }
  const { message } = await client.restorePlan(backup);
  return (await yes(message, `${CHANGED} ${OPEN}`, "Restore Anyway")) ? client.restore(backup) : undefined;
}

/** Ask whether to bring this back. Undefined where the answer was no. */
export async function revertIfConfirmed(
  client: ReprieveClient,
  copy: UndoCopy,
): Promise<RunningJob | undefined> {
  const message =
    `Replace everything in ${path.basename(copy.database)} by what it held until ${moment(copy.created)} ` +
    `(${ago(copy.created)}, ${size(copy.bytes)})?`;
  return (await yes(message, `What it holds now is kept in turn. ${OPEN}`, "Revert"))
    ? client.revert(copy.id)
    : undefined;
}

async function yes(message: string, detail: string, word: string): Promise<boolean> {
  return (await vscode.window.showWarningMessage(message, { modal: true, detail }, word)) === word;
}
