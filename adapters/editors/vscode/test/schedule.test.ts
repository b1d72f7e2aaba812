// When a backup is due, whichever way the clock was set meanwhile.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { Backup } from "../src/protocol";
import { isDue, Schedule } from "../src/schedule";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOON = Date.parse("2026-11-29T12:00:00.000Z");

const made = (wall: number, id = "one") => ({ id, created: new Date(wall).toISOString() }) as Backup;

/** A backup of noon, known since it was made; now the clocks stand so much later. */
const due = (wall: number, own: number) =>
  isDue(made(NOON), { wall: NOON, own: 0 }, HOUR, { wall: NOON + wall, own });

test("a backup is due once it is old on either clock", () => {
  assert.equal(due(59 * MINUTE, 59 * MINUTE), false);
  assert.equal(due(HOUR, HOUR), true);
  assert.equal(due(8 * HOUR, 5 * MINUTE), true, "the machine slept");
  assert.equal(due(30 * MINUTE, HOUR), true, "the clock was set back a little");
});

test("a backup that was made in the future has no age to go by: another is due", () => {
  assert.equal(due(-3 * DAY, MINUTE), true);
  assert.equal(due(-1, 0), true);
});

/** A schedule of an hour, with clocks that the test sets; `pass` lets so many minutes pass on both of them. */
function scene() {
  mock.timers.enable({ apis: ["setTimeout"] });
  const clocks = { wall: NOON, own: 0 };
  mock.method(Date, "now", () => clocks.wall);
  mock.method(performance, "now", () => clocks.own);
  const backups: Backup[] = [];
  const keys = new Set<string>();
  const schedule = new Schedule({
    minutes: () => 60,
    newest: async () => backups.at(-1),
    backUp: async (key) => {
      if (!keys.has(key)) backups.push(made(clocks.wall, `${backups.length}`));
      keys.add(key);
    },
    failed: (error) => assert.fail(error),
  });
  const settle = () => new Promise(setImmediate);
  const pass = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute++) {
      clocks.wall += MINUTE;
      clocks.own += MINUTE;
      mock.timers.tick(MINUTE);
      await settle();
    }
  };
  const begin = async () => {
    schedule.start();
    await settle();
  };
  const end = () => {
    schedule.dispose();
    mock.restoreAll();
    mock.timers.reset();
  };
  return { clocks, backups, begin, pass, end };
}

for (const [name, step] of [
  ["is right", 0],
  ["was set back by three days", -3 * DAY],
  ["was set back by half an hour", -HOUR / 2],
  ["was set forward by a year", 365 * DAY],
] as const)
  test(`where the clock ${name}, a backup is made each hour of use`, async () => {
    const { clocks, backups, begin, pass, end } = scene();
    await begin();
    await pass(60);
    clocks.wall += step;
    const before = backups.length;
    await pass(600);
    end();

    assert.ok([10, 11].includes(backups.length - before), `${backups.length - before} backups`);
  });

test("a clock that is set back and comes by the same hours makes new backups, not those of before", async () => {
  const { clocks, backups, begin, pass, end } = scene();
  await begin();
  for (let time = 0; time < 5; time++) {
    await pass(120);
    clocks.wall = NOON;
  }
  end();

  assert.ok(backups.length >= 10, `${backups.length} backups`);
});
