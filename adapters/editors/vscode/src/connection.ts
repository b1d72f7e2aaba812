// One bridge process: started, greeted, talked to, ended.
// Knows the process and vscode-jsonrpc; nothing of jobs, and never starts a second one.

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import {
  ConnectionError,
  createMessageConnection,
  ErrorCodes,
  type MessageConnection,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-jsonrpc/node";
import type { Bridge } from "./bridge";
import { BridgeDied, ProtocolMismatch, ReprieveError } from "./errors";
import { ErrorCode, type Initialized, type Requests, type Sent } from "./protocol";

const MAJOR = "1";

/** Milliseconds that a bridge has for its first answer, and to end. */
const GREETING = 20_000;
const GOODBYE = 5_000;

export interface Spoken {
  target?: string;
  store?: string;
  client: { name: string; version?: string };
}

/** Told what comes unasked: notifications, lines of the log, and the end. */
export interface Hearer {
  notified<Name extends keyof Sent>(name: Name, params: Sent[Name]): void;
  logged(line: string): void;
  died(connection: Connection, death: BridgeDied): void;
}

export class Connection {
  /** Whether its end is news. */
  #missed = false;
  #lastWords = "";
  #death: BridgeDied | undefined;
  #answer!: Initialized;

  /** Start a bridge and greet it. Raises BridgeDied, ProtocolMismatch, ReprieveError. */
  static async open(bridge: Bridge, spoken: Spoken, hearer: Hearer): Promise<Connection> {
    const args = [...bridge.args, "bridge", "--stdio"];
    if (spoken.target) args.push(spoken.target);
    if (spoken.store) args.push("--store", spoken.store);
    const child = spawn(bridge.command, args, {
      env: { ...process.env, ...bridge.env },
      stdio: ["pipe", "pipe", "pipe"],
      windowsHide: true,
    });
    const rpc = createMessageConnection(
      new StreamMessageReader(child.stdout),
      new StreamMessageWriter(child.stdin),
    );
    const connection = new Connection(child, rpc, bridge, hearer);
    await connection.#greet(spoken).catch(async (error: unknown) => {
      connection.kill();
      throw error;
    });
    return connection;
  }

  private constructor(
    private readonly child: ChildProcess & { stdin: Writable; stdout: Readable; stderr: Readable },
    private readonly rpc: MessageConnection,
    private readonly bridge: Bridge,
    private readonly hearer: Hearer,
  ) {
    createInterface({ input: child.stderr }).on("line", (line) => {
      this.#lastWords = line;
      hearer.logged(line);
    });
    child.once("error", (error) => this.#ended(`${bridge.command} cannot be run: ${error.message}.`, null));
    child.once("exit", (code, signal) => this.#exited(code, signal));
    rpc.onError(([error]) => hearer.logged(error.message));
    for (const name of ["$/progress", "jobs/didChange", "window/logMessage"] as const)
      rpc.onNotification(name, (params) => hearer.notified(name, params));
    rpc.listen();
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** What the bridge said of itself. */
  get server(): Initialized {
    return this.#answer;
  }

  /** Raises ReprieveError where the bridge says no, BridgeDied where it ends before it has answered. */
  async request<Method extends keyof Requests>(
    method: Method,
    params: Requests[Method]["params"],
  ): Promise<Requests[Method]["result"]> {
    try {
      return await this.rpc.sendRequest(method, params);
    } catch (error) {
      throw this.#meant(error);
    }
  }

  /** Say goodbye; resolves once the process has ended, which is when what it ran is cleaned up. */
  async close(): Promise<void> {
    this.#missed = false;
    if (this.#death) return;
    const ended = new Promise((resolve) => this.child.once("exit", resolve));
    const impatience = setTimeout(() => this.child.kill(), GOODBYE);
    try {
      await this.rpc.sendRequest("shutdown", {});
      await this.rpc.sendNotification("exit");
    } catch (error) {
      this.hearer.logged(String(error));
      this.child.stdin.end();
    }
    await ended;
    clearTimeout(impatience);
  }

  /** End it at once; whoever hears of deaths is not told. */
  kill(): void {
    this.#missed = false;
    this.child.kill();
  }

  async #greet(spoken: Spoken): Promise<void> {
    const patience = setTimeout(() => this.child.kill(), GREETING);
    try {
      this.#answer = await this.request("initialize", {
        processId: process.pid,
        clientInfo: spoken.client,
        protocolVersions: [MAJOR],
        capabilities: {},
      });
    } catch (error) {
      throw mismatch(error) ?? error;
    } finally {
      clearTimeout(patience);
    }
    const theirs = this.#answer.protocolVersion;
    if (theirs.split(".")[0] !== MAJOR) throw new ProtocolMismatch(theirs, MAJOR);
    await this.rpc.sendNotification("initialized", {});
    this.#missed = true;
  }

  #exited(code: number | null, signal: NodeJS.Signals | null): void {
    const how = code === null ? `by ${signal}` : `with exit code ${code}`;
    this.#ended(this.#lastWords || `reprieve (${this.bridge.found}) ended ${how}.`, code);
  }

  #ended(why: string, code: number | null): void {
    if (this.#death) return;
    this.#death = new BridgeDied(why, code);
    // First told, then the requests under way fail: they find out whether there is another bridge to ask.
    if (this.#missed) this.hearer.died(this, this.#death);
    this.rpc.dispose();
  }

  #meant(error: unknown): unknown {
    if (this.#death) return this.#death;
    if (error instanceof ConnectionError) return new BridgeDied(error.message);
    if (!(error instanceof ResponseError)) return error;
    if (error.code === ErrorCodes.PendingResponseRejected) return new BridgeDied(error.message);
    return new ReprieveError(error.message, error.code, error.data);
  }
}

function mismatch(error: unknown): ProtocolMismatch | undefined {
  if (!(error instanceof ReprieveError) || error.code !== ErrorCode.InvalidParams) return undefined;
  const theirs = error.data["protocolVersions"];
  return Array.isArray(theirs) ? new ProtocolMismatch(theirs.join(", "), MAJOR) : undefined;
}
