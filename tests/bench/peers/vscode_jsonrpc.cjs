// A server of vscode-jsonrpc's that does what the bridge's figures are compared with: greet, echo, tell.
// Called with the folder that has vscode-jsonrpc in it.
const { createRequire } = require("node:module");
const { createMessageConnection, StreamMessageReader, StreamMessageWriter } = createRequire(
  `${process.argv[2]}/`,
)("vscode-jsonrpc/node");

const connection = createMessageConnection(
  new StreamMessageReader(process.stdin),
  new StreamMessageWriter(process.stdout),
);
connection.onRequest("initialize", () => ({ protocolVersion: "1", capabilities: {} }));
connection.onRequest("echo", (params) => params);
connection.onRequest("tell", async ({ times }) => {
  for (let seq = 1; seq <= times; seq++) await connection.sendNotification("told", { seq });
  return null;
});
connection.onRequest("shutdown", () => null);
connection.onNotification("exit", () => process.exit(0));
connection.listen();
