// The settings, read as they are meant: paths are whole, and what is empty is not there.
// Knows the editor's configuration and folders; nothing of what is done with them.

import { homedir } from "node:os";
import path from "node:path";
import * as vscode from "vscode";

export interface Paths {
  /** A whole path, or another target of reprieve; undefined where none was set. */
  database: string | undefined;
  store: string | undefined;
  bridgePath: string | undefined;
}

/** Raises Error where one is relative and no folder is open. */
export function paths(): Paths {
  const text = (name: string) => section().get<string>(name)?.trim() || undefined;
  return {
    database: whole(text("database"), "reprieve.database"),
    store: whole(text("store"), "reprieve.store"),
    bridgePath: whole(text("bridgePath"), "reprieve.bridgePath"),
  };
}

/** How old the newest backup may get; 0: back up only when asked. */
export const scheduleMinutes = (): number => section().get<number>("scheduleMinutes") ?? 0;

export const backsUpBeforeUpdate = (): boolean => section().get<boolean>("backUpBeforeUpdate") ?? false;

const section = () => vscode.workspace.getConfiguration("reprieve");

/** `offline:`, `http://…`, `s3://…`; one letter and a colon is a drive. */
const isUrl = (text: string) => /^[a-z][a-z0-9+.-]+:/i.test(text);

/** A path from the root on. */
function whole(text: string | undefined, setting: string): string | undefined {
  if (text === undefined || isUrl(text)) return text;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  const file = text
    .replace(/^~(?=$|[/\\])/, () => homedir())
    .replaceAll("${userHome}", () => homedir())
    .replaceAll("${workspaceFolder}", (name) => folder ?? name);
  if (path.isAbsolute(file)) return path.normalize(file);
  if (folder) return path.join(folder, file);
  throw new Error(`The setting ${setting} is "${text}", but no folder is open. Give the whole path.`);
}
