// What this window knows of the database: its bridge, its jobs, its backups; told to whoever shows them.
// Knows the client and the settings; nothing of views and messages.

import * as vscode from "vscode";
import type { Places } from "./bridge";
import { type Options, ReprieveClient } from "./client";
import { BridgeGone } from "./errors";
import type { Backup, Job } from "./protocol";
import { hasEnded } from "./running";
import type { Paths } from "./settings";

const JOBS = 30;
const MINUTE = 60_000;

/** `none`: no database is set. */
export type Stands = "none" | "starting" | "ready" | "restarting" | "gone";

/** No database was set. */
export class NoDatabase extends Error {
  override name = "NoDatabase";

  constructor() {
    super("No database is set. Choose the one that is to be backed up.");
  }
}

export type Change = "jobs" | "backups" | "stands";

export class Session implements vscode.Disposable {
  /** Newest first. */
  jobs: Job[] = [];
  /** Newest first. */
  backups: Backup[] = [];
  stands: Stands = "none";
  /** A sentence, where the bridge is gone. */
  why: string | undefined;

  readonly #changed = new vscode.EventEmitter<Change>();
  readonly onDidChange = this.#changed.event;
  readonly #lost = new vscode.EventEmitter<BridgeGone>();
  /** The bridge died twice; whoever asks for the client next starts another one. */
  readonly onDidLose = this.#lost.event;
  #client: Promise<ReprieveClient> | undefined;
  /** What is shown says how old things are. */
  readonly #ages = setInterval(() => this.#redraw(), MINUTE);

  constructor(
    private readonly read: () => Paths,
    private readonly places: Omit<Places, "setting">,
    private readonly about: Options["client"] & object,
    private readonly log: (line: string) => void,
  ) {}

  /** The client; connects if it must. Raises NoDatabase, BridgeNotFound, BridgeDied, … */
  get client(): Promise<ReprieveClient> {
    if (this.#client) return this.#client;
    const connecting = this.#connect();
    this.#client = connecting;
    connecting.catch((error: Error) => {
      if (this.#client !== connecting) return;
      this.#client = undefined;
      this.#stand(error instanceof NoDatabase ? "none" : "gone", error.message);
    });
    return connecting;
  }

  /** Read anew what there is. */
  async refresh(): Promise<void> {
    const client = await this.client;
    const [jobs, backups] = await Promise.all([client.jobs({ limit: JOBS }), client.backups()]);
    this.jobs = jobs;
    this.#changed.fire("jobs");
    this.#listed(backups);
  }

  /** End the bridge, and forget everything: the settings are others now, or the window closes. */
  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.then(
      (connected) => connected.removeAllListeners().close(),
      () => undefined, // There was none.
    );
    this.jobs = [];
    this.backups = [];
    this.#redraw();
    this.#stand("none");
  }

  dispose(): Promise<void> {
    clearInterval(this.#ages);
    return this.close();
  }

  #redraw(): void {
    this.#changed.fire("jobs");
    this.#changed.fire("backups");
  }

  async #connect(): Promise<ReprieveClient> {
    this.#stand("starting");
    const connected = await this.#start();
    connected.on("log", this.log);
    connected.on("job", (job) => this.#told(connected, job));
    connected.on("stands", (stands, why) => this.#clientStands(connected, stands, why));
    this.#stand("ready");
    return connected;
  }

  async #start(): Promise<ReprieveClient> {
    const { database, store, bridgePath } = this.read();
    if (database === undefined) throw new NoDatabase();
    const places = { ...this.places, ...(bridgePath ? { setting: bridgePath } : {}) };
    return ReprieveClient.connect({
      target: database,
      places,
      client: this.about,
      ...(store ? { store } : {}),
    });
  }

  #clientStands(client: ReprieveClient, stands: ReprieveClient["stands"], why = ""): void {
    if (why) this.log(why);
    if (stands === "closed") return;
    this.#stand(stands, why);
    if (stands === "gone") {
      this.#client = undefined;
      this.#lost.fire(new BridgeGone(why));
    }
    if (stands === "ready") this.#reload(client);
  }

  #told(client: ReprieveClient, job: Job): void {
    const at = this.jobs.findIndex((one) => one.id === job.id);
    if (at === -1) this.jobs = [job, ...this.jobs].slice(0, JOBS);
    else this.jobs[at] = job;
    this.#changed.fire("jobs");
    if (hasEnded(job)) this.#reload(client);
  }

  #reload(client: ReprieveClient): void {
    client.backups().then(
      (backups) => this.#listed(backups),
      (error: Error) => this.log(error.message),
    );
  }

  #listed(backups: Backup[]): void {
    this.backups = backups.reverse();
    this.#changed.fire("backups");
  }

  #stand(stands: Stands, why?: string): void {
    this.stands = stands;
    this.why = why;
    void vscode.commands.executeCommand("setContext", "reprieve.stands", stands);
    this.#changed.fire("stands");
  }
}
