// A server of vscode-jsonrpc's that knows as much of the bridge's methods as the differential test asks for:
// no backups, no jobs, kept documents, a creation that goes on until it is cancelled. `server.cjs FOLDER`.
const { createRequire } = require("node:module");
const { createMessageConnection, ResponseError, StreamMessageReader, StreamMessageWriter } = createRequire(
  `${process.argv[2]}/`,
)("vscode-jsonrpc/node");

const connection = createMessageConnection(
  new StreamMessageReader(process.stdin),
  new StreamMessageWriter(process.stdout),
);
const kept = new Map();

connection.onRequest("initialize", () => ({ protocolVersion: "1" }));
connection.onRequest("backups/list", () => ({ items: [] }));
connection.onRequest("jobs/list", () => ({ items: [] }));
connection.onRequest("backup/asset", ({ asset }) => {
  kept.set(asset.id, asset);
  return { id: asset.id, version: 1 };
});
connection.onRequest("assets/get", ({ id }) => kept.get(id) ?? new ResponseError(1404, "There is no such document."));
connection.onRequest(
  "backups/create",
  (...given) =>
    new Promise((resolve) => {
      given.at(-1).onCancellationRequested(() => resolve(new ResponseError(-32800, "It was cancelled.")));
    }),
);
connection.onRequest("shutdown", () => null);
connection.onNotification("exit", () => process.exit(0));
connection.listen();
