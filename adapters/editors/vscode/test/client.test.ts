// The client and a real bridge: every operation, cancelling, and bridges that die.

import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import path from "node:path";
import { after, test } from "node:test";
import {
  BridgeDied,
  ErrorCode,
  type Job,
  ReprieveClient,
  type ReprieveError,
  type RunningJob,
} from "../src/index";
import { database, FOLDER, hanging, heedless, lives, offline, read, until, write } from "./scene";

const open: ReprieveClient[] = [];
after(() => Promise.all(open.map((client) => client.close())));

async function connect(target: string): Promise<ReprieveClient> {
  const client = await ReprieveClient.connect({ target });
  open.push(client);
  return client;
}

const percent = (running: RunningJob, least: number) =>
  until(
    (look) => running.onUpdate(look),
    () => running.job.percentage >= least,
    `${least} %`,
  );

const killed = async (client: ReprieveClient) => process.kill((await client.pid())!, "SIGKILL");

test("a backup is made, listed and deleted", async () => {
  const client = await connect(database("one"));

  const job = await (await client.createBackup()).ended;
  const [backup] = await client.backups();

  assert.deepEqual([job.state, job.outcome, job.percentage], ["done", "completed", 100]);
  assert.equal(backup?.id, job.backup);
  await client.deleteBackup(backup!.id);
  assert.deepEqual(await client.backups(), []);
});

test("backups come in pages, and all of them are given, oldest first", async () => {
  const client = await connect("offline:?backups=250&seed=7");

  const backups = await client.backups();

  assert.equal(new Set(backups.map((backup) => backup.id)).size, 250);
  assert.deepEqual(
    backups.map((one) => one.created),
    backups.map((one) => one.created).sort(),
  );
});

test("a restoration puts the content back, and a revert takes that back", async () => {
  const file = database("before");
  const client = await connect(file);
  const { backup } = await (await client.createBackup()).ended;
  write(file, "after");

  const plan = await client.restorePlan(backup!);
  const restored = await (await client.restore(plan)).ended;

  assert.match(plan.message, /is replaced by its backup of/);
  assert.equal(restored.outcome, "completed");
  assert.equal(read(file), "before");

  const [copy] = await client.undoCopies();
  const reverted = await (await client.revert(copy!.id)).ended;

  assert.equal(reverted.outcome, "completed");
  assert.equal(read(file), "after");
});

test("a plan holds for what was planned: a database that changed is not replaced", async () => {
  const file = database("before");
  const client = await connect(file);
  const { backup } = await (await client.createBackup()).ended;
  const plan = await client.restorePlan(backup!);
  write(file, "after");

  await assert.rejects(client.restore(plan), (error: ReprieveError) => {
    assert.deepEqual([error.code, error.kind], [ErrorCode.PlanStale, "planStale"]);
    return true;
  });
  assert.equal(read(file), "after");
});

test("a restoration is cancelled, and the database is as it was", async () => {
  const client = await connect(hanging);
  const [, backup] = await client.backups();
  const running = await client.restore(backup!.id);
  await percent(running, 20);

  const { accepted, job } = await running.cancel();

  assert.deepEqual([accepted, job.state, job.outcome], [true, "done", "cancelled"]);
  assert.equal((await running.ended).outcome, "cancelled");
});

test("a cancel that came too late is told so, and the job completes", async () => {
  const client = await connect(heedless);
  const running = await client.createBackup();
  await percent(running, 20);

  assert.equal((await running.cancel()).accepted, false);
  assert.equal((await running.ended).outcome, "completed");
});

test("a job that fails ends so, with a sentence", async () => {
  const client = await connect(offline("&fail_at=0.4&fail=storageFull"));

  const job = await (await client.createBackup()).ended;

  assert.deepEqual([job.state, job.error?.kind], ["failed", "storageFull"]);
});

test("the jobs of other programs are heard", async () => {
  const file = database("shared");
  const ours = await connect(file);
  const theirs = await connect(file);
  const heard: Job[] = [];
  ours.on("job", (job) => heard.push(job));

  const job = await (await theirs.createBackup()).ended;

  const ended = () => heard.some((one) => one.id === job.id && one.outcome === "completed");
  await until((look) => ours.on("job", look), ended, "the end of another program's job");
});

test("a start with the key of another one gives its job", async () => {
  const client = await connect(offline());

  const first = await client.createBackup({ idempotencyKey: "hourly" });
  const second = await client.createBackup({ idempotencyKey: "hourly" });

  assert.equal(second.id, first.id);
  assert.equal((await first.ended).outcome, "completed");
  assert.equal((await second.ended).outcome, "completed");
});

test("a start with the key of a job that has ended gives that, and its end", async () => {
  const client = await connect(offline("&speed=10"));
  const first = await (await client.createBackup({ idempotencyKey: "once" })).ended;

  const again = await (await client.createBackup({ idempotencyKey: "once" })).ended;

  assert.deepEqual([again.id, again.outcome], [first.id, "completed"]);
});

test("a bridge that dies is started again, and the backup goes on", async () => {
  const client = await connect(database("large", 60));
  const stands: string[] = [];
  client.on("stands", (now) => stands.push(now));
  const running = await client.createBackup();
  await percent(running, 2);

  await killed(client);
  await until(
    (look) => client.on("stands", look),
    () => client.stands === "ready",
    "another bridge",
  );
  const job = await running.ended;

  assert.deepEqual([job.state, job.outcome, job.attempt], ["done", "completed", 2]);
  assert.deepEqual(stands, ["restarting", "ready"]);
  assert.equal((await client.backups()).length, 1);
});

test("a request that a death left unanswered is answered by the next bridge", async () => {
  const client = await connect(database("small"));
  await killed(client);

  assert.deepEqual(await client.backups(), []);
});

test("a restoration whose bridge died is settled by the next, and the database is whole", async () => {
  const file = database("before", 60);
  const client = await connect(file);
  const { backup } = await (await client.createBackup()).ended;
  write(file, "after");
  const running = await client.restore(backup!);
  await percent(running, 2);

  await killed(client);
  const job = await running.ended;

  assert.equal(read(file), job.state === "failed" ? "after" : "before");
});

test("a bridge that dies again is not started again, and says so", async () => {
  const client = await connect(hanging);
  const said: (string | undefined)[] = [];
  client.on("stands", (_stands, why) => said.push(why));
  await killed(client);
  await until(
    (look) => client.on("stands", look),
    () => client.stands === "ready",
    "another bridge",
  );
  const running = await client.createBackup();

  await killed(client);

  await assert.rejects(running.ended, BridgeDied);
  await assert.rejects(client.backups(), BridgeDied);
  assert.match(said.at(-1)!, /^The bridge ended twice: .* ended by SIGKILL\.$/);
});

test("closing ends the bridge, and with it what it ran", async () => {
  const client = await connect(hanging);
  const pid = (await client.pid())!;
  const running = await client.createBackup();

  await client.close();

  assert.equal(lives(pid), false);
  await assert.rejects(running.ended, /The client was closed/);
});

test("a database that cannot be opened is said in the bridge's own words", async () => {
  await assert.rejects(connect("nonsense://somewhere"), (error: Error) => {
    assert.ok(error instanceof BridgeDied);
    assert.match(error.message, /nonsense/);
    return true;
  });
});

test("a bridge of another protocol is refused, whichever side finds out", async () => {
  const refuses = `{ error: { code: -32602, message: "no", data: { protocolVersions: ["2"] } } }`;
  const answers = `{ result: { protocolVersion: "2.0", serverInfo: {} } }`;
  for (const answer of [refuses, answers]) {
    const bridge = otherBridge(answer);
    await assert.rejects(
      ReprieveClient.connect({ target: "offline:", places: { setting: bridge } }),
      /speaks protocol 2.* protocol 1\. Update the older/,
    );
  }
});

test("a minor version more is no obstacle", async () => {
  const bridge = otherBridge(`{ result: message.method === "initialize"
    ? { protocolVersion: "1.7", serverInfo: {} } : { snapshot: [], seq: 0, afresh: true } }`);

  const client = await ReprieveClient.connect({ target: "offline:", places: { setting: bridge } });

  assert.equal(client.stands, "ready");
  await client.close();
});

/** A program that answers each request with that. */
function otherBridge(answer: string): string {
  const file = path.join(FOLDER, `bridge-${Math.random()}.cjs`);
  writeFileSync(
    file,
    `#!${process.execPath}
let rest = "";
process.stdin.on("data", (bytes) => {
  rest += bytes;
  for (let found; (found = /^Content-Length: (\\d+)\\r\\n\\r\\n/.exec(rest)); ) {
    const end = found[0].length + Number(found[1]);
    if (rest.length < end) return;
    const message = JSON.parse(rest.slice(found[0].length, end));
    rest = rest.slice(end);
    if (message.method === "exit") process.exit(0);
    if (message.id === undefined) continue;
    const body = JSON.stringify({ jsonrpc: "2.0", id: message.id, ...${answer} });
    process.stdout.write("Content-Length: " + body.length + "\\r\\n\\r\\n" + body);
  }
});
`,
  );
  chmodSync(file, 0o755);
  return file;
}
