-- Sizes, moments and jobs in people's words, and how they are told. Pure but for `tell`.

local settings = require("reprieve.settings")

local M = {}

--- A number of bytes: `100.3 MiB`.
function M.size(bytes)
  if not bytes then
    return "-"
  elseif bytes < 1024 then
    return ("%d B"):format(bytes)
  end
  local value = bytes
  for _, unit in ipairs({ "KiB", "MiB", "GiB" }) do
    value = value / 1024
    if value < 1024 then
      return ("%.1f %s"):format(value, unit)
    end
  end
  return ("%.1f TiB"):format(value / 1024)
end

local function time(said)
  local year, month, day, hour, minute, second = said:match("^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)")
  local date = { year = year, month = month, day = day, hour = hour, min = minute, sec = second }
  date.isdst = false
  local as_if_local = os.time(date)
  local there = os.date("!*t", as_if_local)
  there.isdst = false
  local offset = os.difftime(as_if_local, os.time(there))
  return as_if_local + offset
end

--- A moment of the wire, `2026-05-01T10:20:30.123Z`, in the reader's own time zone.
function M.moment(said)
  return os.date("%Y-%m-%d %H:%M:%S", time(said))
end

--- When something was made; a time in the future, by a clock that was ahead, is marked.
function M.made(said)
  return M.moment(said) .. (time(said) > os.time() + 60 and " (in the future)" or "")
end

--- A backup in one line; a store may have those of other databases too.
function M.backup(backup)
  local line = ("%s  %10s  %s"):format(M.made(backup.created), M.size(backup.bytes), backup.id)
  if settings.is_own(backup.database) then
    return line
  end
  return line .. "  of " .. vim.fn.fnamemodify(backup.database, ":~"):gsub("%c", " ") -- a line holds no line break
end

local function reverts(job)
  return job.kind == "restoration" and not job.backup
end

--- What a job does: `Restoring snippets.db`.
function M.doing(job)
  local verb = job.kind == "creation" and "Backing up" or reverts(job) and "Reverting" or "Restoring"
  return verb .. " " .. settings.name()
end

--- What a job is at: `waiting`, `cancelling`, or the name of its phase.
function M.stage(job)
  if job.state == "running" then
    return job.phase ~= "" and job.phase or "starting"
  end
  return job.state == "idle" and "waiting" or job.state
end

--- How far a job is: `cancelling 42 %`.
function M.standing(job)
  return ("%s %d %%"):format(job.state == "idle" and "waiting" or job.state, job.percentage)
end

--- How a job ended, as one sentence, and how loud that is to be said.
function M.ending(job)
  local name = settings.name()
  if job.state == "failed" then
    return ("%s failed: %s"):format(M.doing(job), job.error.message), "ERROR"
  elseif job.outcome == "cancelled" then
    return ("%s was cancelled; everything is as it was before."):format(M.doing(job)), "WARN"
  elseif job.kind == "creation" then
    local size = job.unit == "bytes" and job.total > 0 and (" (%s)"):format(M.size(job.total)) or ""
    return ("Backed up %s%s."):format(name, size), "INFO"
  elseif reverts(job) then
    return ("Reverted %s to what it held before the restoration."):format(name), "INFO"
  end
  return ("Restored %s. :ReprieveRevert brings back what it held before."):format(name), "INFO"
end

--- Say something to the user. `level` is a name of vim.log.levels.
function M.tell(message, level)
  vim.notify("reprieve: " .. message, vim.log.levels[level or "INFO"], { title = "reprieve" })
end

return M
