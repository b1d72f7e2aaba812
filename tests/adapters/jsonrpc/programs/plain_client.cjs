// A client for language servers in general: it names no version of a protocol of ours. MODULES PYTHON TARGET
const { spawn } = require("node:child_process");
const [modules, python, target] = process.argv.slice(2);
const { createMessageConnection, StreamMessageReader, StreamMessageWriter } = require(
  require.resolve("vscode-jsonrpc/node", { paths: [modules] }),
);

const bridge = spawn(python, ["-m", "reprieve", "bridge", "--stdio", target]);
const connection = createMessageConnection(
  new StreamMessageReader(bridge.stdout),
  new StreamMessageWriter(bridge.stdin),
);
connection.listen();

(async () => {
  const rootUri = "file:///tmp";
  const said = await connection.sendRequest("initialize", {
    processId: process.pid,
    clientInfo: { name: "helix" },
    rootPath: "/tmp",
    rootUri,
    workspaceFolders: [{ name: "tmp", uri: rootUri }],
    capabilities: { workspace: { configuration: true }, textDocument: {}, general: { positionEncodings: ["utf-8"] } },
    trace: "off",
  });
  await connection.sendNotification("initialized", {});
  await connection.sendNotification("workspace/didChangeConfiguration", { settings: {} });
  const backup = await connection.sendRequest("backups/create", {});
  await connection.sendRequest("shutdown");
  await connection.sendNotification("exit");
  bridge.on("exit", (code) => console.log(JSON.stringify([said.protocolVersion, backup.bytes, code])));
})();
