// Backups when the newest one is old enough, whoever made it: other windows and programs count.
// Knows time and the settings; how a backup is made, it is given. The wall clock may be set in between, so it is
// believed only where it brings a backup forward: this window's own time, which nothing sets, counts beside it.

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

/** A moment on both clocks, in ms: `wall` can be set, `own` only ever rises (and may stand while a machine sleeps). */
export interface Moment {
  wall: number;
  own: number;
}

const present = (): Moment => ({ wall: Date.now(), own: performance.now() });

export class Schedule implements vscode.Disposable {
  #timer: NodeJS.Timeout | undefined;
  #tried: Moment | undefined;
  /** Since when which backup is known as the newest. */
  #seen: { id: string; since: Moment } | undefined;
  /** Which loop is the one: another is put here by every start. */
  #loop = {};

  constructor(private readonly deeds: Deeds) {}

  /** Begin, or begin anew with other settings. */
  start(): void {
    this.dispose();
    this.#tried = undefined;
    if (this.deeds.minutes() > 0) void this.#look(this.#loop);
  }

  dispose(): void {
    this.#loop = {};
    clearTimeout(this.#timer);
  }

  /** Each minute, for a machine that slept has not counted its minutes. */
  async #look(loop: object): Promise<void> {
    const now = present();
    const length = this.deeds.minutes() * MINUTE;
    if (this.#tried === undefined || hasPassed(length, this.#tried, now)) await this.#try(now, length);
    if (loop === this.#loop) this.#timer = setTimeout(() => void this.#look(loop), MINUTE);
  }

  /** What fails is tried again when the next one is due, not each minute. */
  async #try(now: Moment, length: number): Promise<void> {
    try {
      const newest = await this.#newest(now);
      if (newest && !isDue(newest, this.#seen!.since, length, now)) return;
      this.#tried = now;
      // Windows that look at the same time ask for the same backup. A clock that was set back asks for another
      // than it did when it passed here before: the newest one is another.
      await this.deeds.backUp(`schedule/${length}/${newest?.id ?? ""}/${Math.floor(now.wall / length)}`);
      await this.#newest(now);
    } catch (error) {
      this.#tried = now;
      this.deeds.failed(error as Error);
    }
  }

  /** The newest backup; one that was not known before counts from now on. */
  async #newest(now: Moment): Promise<Backup | undefined> {
    const newest = await this.deeds.newest();
    if (newest && newest.id !== this.#seen?.id) this.#seen = { id: newest.id, since: now };
    return newest;
  }
}

/** Whether `length` ms have passed on either clock, or the wall clock was set back by as much. */
const hasPassed = (length: number, then: Moment, now: Moment): boolean =>
  now.own - then.own >= length || Math.abs(now.wall - then.wall) >= length;

/** Whether a backup, known as the newest since `seen`, is old; one made in the future has no age to go by. */
export const isDue = (newest: Backup, seen: Moment, length: number, now: Moment): boolean => {
  const age = now.wall - Date.parse(newest.created);
  return age < 0 || age >= length || now.own - seen.own >= length;
};
