// What can go wrong with a bridge, beside its not being found (bridge.ts).
// Every message is a sentence for people: what happened, and what to do.

/** What the bridge answers instead of a result. `kind` is for programs; ErrorCode names the codes. */
export class ReprieveError extends Error {
  override name = "ReprieveError";

  constructor(
    message: string,
    readonly code: number,
    readonly data: { kind?: string; job?: string; [more: string]: unknown } = {},
  ) {
    super(message);
  }

  get kind(): string | undefined {
    return this.data.kind;
  }
}

/** The bridge's process has ended, or never began to answer. `code` is its exit code, if it had one. */
export class BridgeDied extends Error {
  override name = "BridgeDied";

  constructor(
    message: string,
    readonly code: number | null = null,
  ) {
    super(message);
  }
}

/** The bridge died again, soon after it was started again. It is not started a third time. */
export class BridgeGone extends BridgeDied {
  override name = "BridgeGone";
}

/** The bridge and this client have no major version of the protocol in common. */
export class ProtocolMismatch extends Error {
  override name = "ProtocolMismatch";

  constructor(theirs: string, ours: string) {
    super(
      `This reprieve speaks protocol ${theirs}, and the editor's part protocol ${ours}. ` +
        "Update the older of the two.",
    );
  }
}
