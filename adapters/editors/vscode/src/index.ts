// What the package offers to other extensions and programs. Needs no editor.

export { type Bridge, BridgeNotFound, findBridge, type Places } from "./bridge";
export { type Options, ReprieveClient, type Stands, type Start } from "./client";
export { BridgeDied, BridgeGone, ProtocolMismatch, ReprieveError } from "./errors";
export * from "./protocol";
export { hasEnded, RunningJob } from "./running";
