// Backups when the newest one is old enough, whoever made it: other windows and programs count.
// Knows time and the settings; how a backup is made, it is given.

import type * as vscode from "vscode";
import type { Backup } from "./protocol";

const MINUTE = 60_000;

export interface Deeds {
  /** How many minutes old the newest backup may be; 0: no schedule. */
  minutes(): number;
  /** The newest backup, as it is known by now. */
  newest(): Promise<Backup | undefined>;
  /** Two backups of one key are one backup. */
  backUp(key: string): Promise<void>;
  failed(error: Error): void;
}

export class Schedule implements vscode.Disposable {
  #timer: NodeJS.Timeout | undefined;
  #tried = -Infinity;
  /** Which loop is the one: another is put here by every start. */
  #loop = {};

  constructor(private readonly deeds: Deeds) {}

  /** Begin, or begin anew with other settings. */
  start(): void {
    this.dispose();
    this.#tried = -Infinity;
    if (this.deeds.minutes() > 0) void this.#look(this.#loop);
  }

  dispose(): void {
    this.#loop = {};
    clearTimeout(this.#timer);
  }

  /** Each minute, for a machine that slept has not counted its minutes. */
  async #look(loop: object): Promise<void> {
    const now = Date.now();
    const length = this.deeds.minutes() * MINUTE;
    if (now - this.#tried >= length) await this.#try(now, length);
    if (loop === this.#loop) this.#timer = setTimeout(() => void this.#look(loop), MINUTE);
  }

  /** What fails is tried again when the next one is due, not each minute. */
  async #try(now: number, length: number): Promise<void> {
    try {
      if (!isDue(await this.deeds.newest(), length, now)) return;
      this.#tried = now;
      // Windows that look at the same time ask for the same backup.
      await this.deeds.backUp(`schedule/${length}/${Math.floor(now / length)}`);
    } catch (error) {
      this.#tried = now;
      this.deeds.failed(error as Error);
    }
  }
}

export const isDue = (newest: Backup | undefined, length: number, now: number): boolean =>
  newest === undefined || now - Date.parse(newest.created) >= length;
