// ReprieveClient: the operations of reprieve over a bridge, which it starts, and starts again if it dies.
// Knows bridges and jobs; nothing of any editor, so that any extension or program can use it.

import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { type Bridge, findBridge, type Places } from "./bridge";
import { Connection, type Hearer } from "./connection";
import { BridgeDied, BridgeGone } from "./errors";
import type { Backup, CancelAnswer, Job, Plan, Requests, Sent, UndoCopy } from "./protocol";
import { advanced, hasEnded, RunningJob } from "./running";

/** A bridge that lasted so many milliseconds may be started again when it dies; one that did not, may not. */
const HEALTHY = 60_000;

export interface Options {
  /** A path, or whatever else `reprieve` takes as a target. */
  target: string;
  store?: string;
  /** Where to look for the bridge; by default in the environment and on the PATH. */
  places?: Places;
  /** Who asks, for the log. */
  client?: { name: string; version?: string };
}

/** How the client stands; `gone` after the bridge's second death, or where it could not be started again. */
export type Stands = "ready" | "restarting" | "gone" | "closed";

interface Events {
  /** Any job of the database has changed, or got further: also those of other programs. */
  job: [job: Job];
  /** `why` is a sentence, if something went wrong. */
  stands: [stands: Stands, why?: string];
  /** A line of the bridge's log. */
  log: [line: string];
}

export interface Start {
  /** Starting twice with one key gives the same job. */
  idempotencyKey?: string;
}

type Starts = "backups/create" | "backup/restore" | "database/revert";

export class ReprieveClient extends EventEmitter<Events> {
  #stands: Stands = "ready";
  #link: Promise<Connection>;
  #opened = 0;
  #restarted = false;
  #seq: number | undefined;
  #running = new Map<string, RunningJob>();

  /** Find a bridge, start it, and follow the database's jobs. Raises as findBridge and Connection.open do. */
  static async connect(options: Options): Promise<ReprieveClient> {
    const client = new ReprieveClient(await findBridge(options.places), options);
    try {
      await client.#link;
    } catch (error) {
      await client.close();
      throw error;
    }
    return client;
  }

  private constructor(
    private readonly bridge: Bridge,
    private readonly options: Options,
  ) {
    super();
    this.#link = this.#open();
  }

  get stands(): Stands {
    return this.#stands;
  }

  /** The process id of the bridge, while there is one. */
  async pid(): Promise<number | undefined> {
    return (await this.#link).pid;
  }

  /** Every backup, oldest first. */
  async backups(): Promise<Backup[]> {
    const backups: Backup[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.request("backups/list", cursor === undefined ? {} : { cursor });
      backups.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return backups;
  }

  /** Begin a backup. It goes on when this process ends: the next bridge finds it. */
  async createBackup(start: Start = {}): Promise<RunningJob> {
    const { idempotencyKey = randomUUID() } = start;
    const ask = () => this.#start("backups/create", {}, { idempotencyKey });
    return this.#follow(await ask(), ask);
  }

  /** What a restoration would replace, in one sentence, and the token that stands for that very state. */
  restorePlan(backup: string): Promise<Plan> {
    return this.request("backup/restorePlan", { backup });
  }

  /**
   * Begin to replace the database: as planned, which raises ReprieveError 1412 where it has changed since;
   * or, given a backup's id, as it is by then, which asks nobody.
   */
  async restore(what: Plan | string, start: Start = {}): Promise<RunningJob> {
    const agreed =
      typeof what === "string"
        ? ({ backup: what, confirm: true } as const)
        : { backup: what.backup.id, planToken: what.planToken };
    return this.#follow(await this.#start("backup/restore", agreed, start));
  }

  /** Begin to bring back what a restoration replaced: the newest, or the one named. Asks nobody. */
  async revert(undo?: string, start: Start = {}): Promise<RunningJob> {
    const which = undo === undefined ? {} : { undo };
    return this.#follow(await this.#start("database/revert", { ...which, confirm: true }, start));
  }

  /** What restorations replaced, newest first. */
  async undoCopies(): Promise<UndoCopy[]> {
    return (await this.request("database/undoCopies", {})).items;
  }

  /** Remove a backup from the list. Asks nobody. */
  async deleteBackup(backup: string): Promise<void> {
    await this.request("backups/delete", { backup, confirm: true });
  }

  /** The database's jobs, newest first, whoever asked for them. */
  async jobs(which: { unsettled?: boolean; limit?: number } = {}): Promise<Job[]> {
    return (await this.request("jobs/list", which)).items;
  }

  /** Cancel a job, whoever runs it; resolves once it has ended. */
  cancel(job: string): Promise<CancelAnswer> {
    return this.request("jobs/cancel", { job });
  }

  /**
   * Any request of the protocol. One that a bridge's death left unanswered is asked again of the next:
   * none does harm when it is asked twice (starts carry a key).
   */
  async request<Method extends keyof Requests>(
    method: Method,
    params: Requests[Method]["params"],
  ): Promise<Requests[Method]["result"]> {
    for (;;) {
      const link = this.#link;
      try {
        return await (await link).request(method, params);
      } catch (error) {
        if (!(error instanceof BridgeDied) || this.#link === link) throw error;
      }
    }
  }

  /** End the bridge. A restoration under way is cancelled, and all as it was; a backup goes on later. */
  async close(): Promise<void> {
    const link = this.#link;
    this.#stand("closed");
    this.#lose(new BridgeDied("The client was closed."));
    await link.then(
      (connection) => connection.close(),
      () => undefined, // There is none to end.
    );
  }

  async #open(): Promise<Connection> {
    const { target, store, client = { name: "reprieve-vscode" } } = this.options;
    const spoken = { target, client, ...(store ? { store } : {}) };
    const connection = await Connection.open(this.bridge, spoken, this.#hearer);
    this.#opened = Date.now();
    try {
      await this.#subscribe(connection);
    } catch (error) {
      connection.kill();
      throw error;
    }
    return connection;
  }

  async #subscribe(connection: Connection): Promise<void> {
    const since = this.#seq === undefined ? {} : { since: this.#seq };
    const { snapshot, seq } = await connection.request("jobs/subscribe", since);
    this.#seq = Math.max(seq, this.#seq ?? seq);
    for (const job of snapshot) this.#told(job);
  }

  readonly #hearer: Hearer = {
    notified: (name, params) => this.#notified(name, params),
    logged: (line) => this.emit("log", line),
    died: (_connection, death) => this.#died(death),
  };

  #notified<Name extends keyof Sent>(name: Name, params: Sent[Name]): void {
    if (name === "jobs/didChange") {
      const { seq, job } = params as Sent["jobs/didChange"];
      this.#seq = seq;
      this.#told(job);
    } else if (name === "$/progress") {
      const { value } = params as Sent["$/progress"];
      const running = this.#running.get(value.job);
      if (running) this.#told(advanced(running.job, value));
    } else this.emit("log", (params as Sent["window/logMessage"]).message);
  }

  #told(job: Job): void {
    const running = this.#running.get(job.id);
    running?.update(job);
    if (hasEnded(job)) this.#running.delete(job.id);
    this.emit("job", running?.job ?? job);
  }

  /** The job as it begins. Every start is detached: its end is told, whichever bridge is there by then. */
  async #start<Method extends Starts>(
    method: Method,
    params: Requests[Method]["params"],
    { idempotencyKey = randomUUID() }: Start,
  ): Promise<Job> {
    const detached = { detach: true, idempotencyKey, workDoneToken: randomUUID() };
    const answer = await this.request(method, { ...params, ...detached });
    if ("job" in answer && typeof answer.job === "object") return answer.job;
    throw new Error(`The bridge answered ${method} with no job; please report it.`);
  }

  /** Once followed, every change is heard; what came before it was is asked for. */
  async #follow(job: Job, startAgain?: () => Promise<Job>): Promise<RunningJob> {
    const known = this.#running.get(job.id);
    if (known) return known;
    const look = () => this.request("jobs/get", { job: job.id });
    const running = new RunningJob(job, () => this.cancel(job.id), startAgain ?? look);
    this.#running.set(job.id, running);
    this.#told(await look());
    return running;
  }

  #died(death: BridgeDied): void {
    if (this.#stands === "closed") return;
    const again = this.#restarted && Date.now() - this.#opened < HEALTHY;
    if (again) return this.#gone(`The bridge ended twice: ${death.message}`);
    this.#restarted = true;
    this.#stand("restarting", death.message);
    this.#link = this.#open();
    this.#link.then(
      () => this.#resumed(),
      (error: Error) =>
        this.#gone(`The bridge ended, and another one could not be started: ${error.message}`),
    );
  }

  /** Ask how each job stands that was followed: it was settled, or goes on, and tells its progress again. */
  async #resumed(): Promise<void> {
    if (this.#stands !== "restarting") return;
    this.#stand("ready");
    try {
      for (const running of [...this.#running.values()]) this.#told(await running.look());
    } catch (error) {
      this.emit("log", String(error));
    }
  }

  #gone(why: string): void {
    if (this.#stands === "gone" || this.#stands === "closed") return;
    this.#lose(new BridgeGone(why));
    this.#stand("gone", why);
  }

  #lose(error: Error): void {
    for (const running of this.#running.values()) running.lose(error);
    this.#running.clear();
  }

  #stand(stands: Stands, why?: string): void {
    this.#stands = stands;
    this.emit("stands", stands, why);
  }
}
