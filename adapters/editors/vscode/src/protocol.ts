// The bridge's wire: every shape and every method of protocol 1, as docs/ tell them.
// Types only; knows nothing of how a message travels. Sizes are bytes, times UTC (ISO 8601), percentages 0-100.

export type JobKind = "creation" | "restoration";
export type JobState = "idle" | "running" | "cancelling" | "done" | "failed";
export type Outcome = "completed" | "cancelled";

export interface Problem {
  kind: string;
  message: string;
}

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

/** A revert is a restoration whose `undo` is set. */
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
}

/** What a restoration replaced. */
export interface UndoCopy {
  id: string;
  database: string;
  created: string;
  bytes: number;
  reason: string;
  job: string;
}

/** `message` is one sentence for a confirmation; `bytes` is absent where there is no file to replace. */
export interface RestorePlan {
  planToken: string;
  backup: Backup;
  database: string;
  bytes?: number;
  changedAt?: string;
  message: string;
}

export interface Progress {
  kind: "begin" | "report" | "end";
  title?: string;
  cancellable?: boolean;
  percentage?: number;
  message?: string;
  job: string;
}

export interface InitializeParams {
  processId: number | null;
  clientInfo: { name: string; version?: string };
  protocolVersions: string[];
  capabilities: { window?: { workDoneProgress?: boolean } };
  initializationOptions?: { target?: string; store?: string };
}

export interface InitializeResult {
  protocolVersion: string;
  serverInfo: { name: string; version: string };
  capabilities: { experimental?: { reprieve?: { methods: string[] } } };
  limits: { headerBytes: number; bodyBytes: number; requestsInFlight: number };
}

interface Starting {
  workDoneToken?: string;
  detach?: boolean;
  idempotencyKey?: string;
}

type Nothing = Record<string, never>;

/** Each request's params and result. A start without `detach` would be answered with what it made. */
export interface Requests {
  initialize: { params: InitializeParams; result: InitializeResult };
  shutdown: { params: Nothing; result: null };
  "backups/list": {
    params: { cursor?: string; limit?: number };
    result: { items: Backup[]; nextCursor?: string };
  };
  "backups/create": { params: Starting & { detach: true }; result: { job: Job } };
  "backups/delete": { params: { backup: string; confirm: true }; result: null };
  "backup/snapshot": { params: { backup: string }; result: Backup };
  "backup/restorePlan": { params: { backup: string }; result: RestorePlan };
  "backup/restore": {
    params: Starting & { backup: string; planToken?: string; confirm?: true; detach: true };
    result: { job: Job };
  };
  "database/revert": { params: Starting & { undo?: string; confirm: true; detach: true }; result: Job };
  "database/undoCopies": { params: Nothing; result: { items: UndoCopy[] } };
  "database/forgetUndo": { params: { undo: string; confirm: true }; result: null };
  "jobs/get": { params: { job: string }; result: Job };
  "jobs/list": { params: { unsettled?: boolean; limit?: number }; result: { items: Job[] } };
  "jobs/cancel": { params: { job: string }; result: { accepted: boolean; job: Job } };
  "jobs/subscribe": {
    params: { since?: number };
    result: { snapshot: Job[]; seq: number; afresh: boolean };
  };
  "jobs/unsubscribe": { params: Nothing; result: null };
}

/** What the bridge tells without being asked. */
export interface Notifications {
  "$/progress": { token: string; value: Progress };
  "jobs/didChange": { seq: number; job: Job };
  "window/logMessage": { type: number; message: string };
}
