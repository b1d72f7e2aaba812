// The wire of `reprieve bridge`. Generated from its OpenRPC description by `make docs`: do not edit.

/** One version of a kept document. */
export interface AssetVersion {
  id: string;
  version: number;
  created: string;
  bytes: number;
  name?: string;
}

/** Versions of kept documents. */
export interface AssetVersions {
  items: AssetVersion[];
}

/** A backup: `bytes` is the size of its database, `added` what the store grew by. */
export interface Backup {
  id: string;
  version: string;
  timestamp: string;
  created: string;
  bytes: number;
  database: string;
  deviceName: string;
  platform: string;
  added?: number;
  sourceDamaged: boolean;
}

/** Backups of the database, oldest first; `next_cursor` where there are more. */
export interface Backups {
  items: Backup[];
  nextCursor?: string;
  otherBackups?: number;
}

/** Whether the cancel came in time, and the job as it ended. */
export interface CancelAnswer {
  accepted: boolean;
  job: Job;
}

/** A database that its owner has registered, and where its backups are. */
export interface Database {
  database: string;
  store: string;
}

/** The registered databases. */
export interface Databases {
  items: Database[];
}

/** Which major of the protocol is spoken, by whom, and what it can do. */
export interface Initialized {
  protocolVersion: string;
  serverInfo: ServerInfo;
  capabilities: Record<string, unknown>;
  limits: Limits;
}

/** A job. `backup` and `undo` are ids; what is not known (yet) is left out. */
export interface Job {
  id: string;
  kind: JobKind;
  database: string;
  backup?: string;
  undo?: string;
  state: JobState;
  outcome?: Outcome;
  phase: string;
  done: number;
  total: number;
  unit: string;
  percentage: number;
  cancellable: boolean;
  attempt: number;
  createdAt: string;
  startedAt?: string;
  endedAt?: string;
  error?: Problem;
  warnings?: string[];
}

/** The two kinds of job. A revert is a restoration whose source is an undo copy. */
export type JobKind = "creation" | "restoration";

/** Where a job is; `done` and `failed` are final. */
export type JobState = "idle" | "running" | "cancelling" | "done" | "failed";

/** Jobs, newest first. */
export interface Jobs {
  items: Job[];
}

/** What the bridge takes: bytes of a header and of a body, requests that wait for their answers. */
export interface Limits {
  headerBytes: number;
  bodyBytes: number;
  requestsInFlight: number;
}

/** How a job that is done ended. */
export type Outcome = "completed" | "cancelled";

/** What a restoration would do. `bytes` and `changed_at` are those of the database that is there now. */
export interface Plan {
  planToken: string;
  backup: Backup;
  database: string;
  message: string;
  bytes?: number;
  changedAt?: string;
}

/** What went wrong: `kind` for programs, `message` for people. */
export interface Problem {
  kind: string;
  message: string;
}

/** Which program the bridge is. */
export interface ServerInfo {
  name: string;
  version: string;
}

/** A job that was detached, as it stands. */
export interface Started {
  job: Job;
}

/** What is told of a job's progress: one begin, any number of reports, one end. */
export type Step = "begin" | "report" | "end";

/** How the unsettled jobs stand, and the change after which `jobs/didChange` goes on. */
export interface Subscribed {
  snapshot: Job[];
  seq: number;
  afresh: boolean;
}

/** What a revert can go back to, newest first. */
export interface UndoCopies {
  items: UndoCopy[];
}

/** What a restoration replaced; `job` is the one that did. */
export interface UndoCopy {
  id: string;
  database: string;
  created: string;
  bytes: number;
  reason: string;
  job: string;
}

/** How far a job is; `percentage` is whole, and never falls. */
export interface WorkDone {
  kind: Step;
  job: string;
  message?: string;
  percentage?: number;
  title?: string;
  cancellable?: boolean;
}

/** Every request: its params and its result. */
export interface Requests {
  /** Begin. */
  "initialize": { params: { protocolVersions?: string[]; processId?: number; clientInfo?: Record<string, unknown>; capabilities?: Record<string, unknown>; initializationOptions?: Record<string, unknown> }; result: Initialized };
  /** Take no more requests. */
  "shutdown": { params: Record<string, never>; result: null };
  /** Describe the bridge. */
  "rpc.discover": { params: Record<string, never>; result: Record<string, unknown> };
  /** List the backups. */
  "backups/list": { params: { cursor?: string; limit?: number }; result: Backups };
  /** Back the database up. */
  "backups/create": { params: { workDoneToken?: number | string; detach?: boolean; idempotencyKey?: string }; result: Backup | Started };
  /** Back the database up. */
  "backups/createStreamed": { params: { workDoneToken?: number | string; detach?: boolean; idempotencyKey?: string }; result: Backup | Started };
  /** Hide a backup. */
  "backups/delete": { params: { backup: string; confirm?: boolean }; result: null };
  /** Look at a backup. */
  "backup/snapshot": { params: { backup: string }; result: Backup };
  /** Say what a restoration would replace. */
  "backup/restorePlan": { params: { backup: string }; result: Plan };
  /** Put a backup back. */
  "backup/restore": { params: { backup: string; confirm?: boolean; planToken?: string; workDoneToken?: number | string; detach?: boolean; idempotencyKey?: string }; result: Backup | Started };
  /** Put a backup back. */
  "backup/restoreStreamed": { params: { backup: string; confirm?: boolean; planToken?: string; workDoneToken?: number | string; detach?: boolean; idempotencyKey?: string }; result: Backup | Started };
  /** Cancel a creation. */
  "backup/creationCancel": { params: { backup: string }; result: CancelAnswer };
  /** Cancel a restoration. */
  "backup/restorationCancel": { params: { backup: string }; result: CancelAnswer };
  /** Look at a creation. */
  "backup/creationStatus": { params: { backup: string }; result: Job };
  /** Look at a restoration. */
  "backup/restorationStatus": { params: { backup: string }; result: Job };
  /** List the jobs. */
  "jobs/list": { params: { unsettled?: boolean; limit?: number }; result: Jobs };
  /** Look at a job. */
  "jobs/get": { params: { job: string }; result: Job };
  /** Cancel a job. */
  "jobs/cancel": { params: { job: string }; result: CancelAnswer };
  /** Hear of every change of a job's state. */
  "jobs/subscribe": { params: { since?: number }; result: Subscribed };
  /** Hear no more. */
  "jobs/unsubscribe": { params: Record<string, never>; result: null };
  /** Undo the last restoration. */
  "database/revert": { params: { confirm?: boolean; undo?: string; workDoneToken?: number | string; detach?: boolean; idempotencyKey?: string }; result: Job | Started };
  /** List what a revert can go back to. */
  "database/undoCopies": { params: Record<string, never>; result: UndoCopies };
  /** Drop an undo copy for good. */
  "database/forgetUndo": { params: { undo: string; confirm?: boolean }; result: null };
  /** List the registered databases. */
  "database/list": { params: Record<string, never>; result: Databases };
  /** Keep several documents. */
  "backup/assets": { params: { assets?: Record<string, unknown>[] }; result: AssetVersions };
  /** Keep one document. */
  "backup/asset": { params: { asset?: Record<string, unknown> }; result: AssetVersion | null };
  /** List the kept documents. */
  "assets/list": { params: Record<string, never>; result: AssetVersions };
  /** Get a kept document. */
  "assets/get": { params: { id: string; version?: number }; result: Record<string, unknown> };
  /** List a kept document's versions. */
  "assets/history": { params: { id: string }; result: AssetVersions };
}

/** What a client may say: its params. */
export interface Notifications {
  /** The client is ready. */
  "initialized": Record<string, never>;
  /** End the process; 1 is its exit code unless `shutdown` came first. */
  "exit": Record<string, never>;
  /** A request is no longer wanted. */
  "$/cancelRequest": { id: number | string };
  /** A job is no longer wanted. */
  "window/workDoneProgress/cancel": { token: number | string };
}

/** What the bridge sends by itself: its params. */
export interface Sent {
  /** How far a job is, under the token of its request. */
  "$/progress": { token: number | string; value: WorkDone };
  /** A job's state has changed. */
  "jobs/didChange": { seq: number; job: Job };
  /** A line for the client's log. */
  "window/logMessage": { type: number; message: string };
  /** A request: may progress be told under this token?. */
  "window/workDoneProgress/create": { token: number | string };
}

/** The codes of errors; `data.kind` says more. */
export const ErrorCode = {
  /** The awaited job failed; `problem` says why, `job_id` which one it was. */
  JobFailed: -32803,
  /** It was cancelled; everything is as it was before. */
  Cancelled: -32800,
  /** What came is no message; with id null. */
  Parse: -32700,
  /** A mistake of the bridge; `data.correlationId` is in its log. */
  Internal: -32603,
  /** The params are wrong; `data.errors` says where and why. */
  InvalidParams: -32602,
  /** There is no such method. */
  MethodNotFound: -32601,
  /** No request, an id that is in flight, or not after `shutdown`. */
  InvalidRequest: -32600,
  /** `initialize` comes first. */
  NotInitialized: -32002,
  /** There is no such backup, job, database or asset. */
  NotFound: 1404,
  /** The job's state does not allow what was asked; the job is as it was. Or: Something else has the database or the name; nothing was changed. Or: The job is past its point of no return; `revert` is the way back. */
  Conflict: 1409,
  /** The database or the backup has changed since the plan; nothing was changed. */
  PlanStale: 1412,
  /** Another program held the database's lock until the deadline. */
  Locked: 1423,
  /** It destroys something and was not confirmed; nothing was changed. */
  ConfirmationRequired: 1428,
  /** This transport does not have the operation. */
  Unsupported: 1501,
  /** The repository was written by a newer format than this program reads. */
  UpdateRequired: 1505,
  /** There is no room left. */
  StorageFull: 1507,
  /** The store or the service wants credentials, or refused those it was given. Or: The repository is encrypted and no key that opens it was found. */
  AuthenticationRequired: 1511,
} as const;
