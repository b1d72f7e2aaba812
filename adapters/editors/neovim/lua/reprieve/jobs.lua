-- The jobs that this editor has started: their progress as Neovim's own event, and how they ended.
--
-- A job's progress is over when the job is (`jobs/didChange`), whatever else was answered or told. It is
-- handed to Neovim's `$/progress` handler, from which statuslines and notifiers of every kind take it.

local bridge = require("reprieve.bridge")
local words = require("reprieve.words")

local M = {}

local started = {} -- by token; `job` is its id, once that is known
local ended = {} -- how jobs ended before it was known that they are ours, by id
local asked = 0 -- starts whose job is not known yet
local count = 0

local function new_token()
  count = count + 1
  return ("reprieve/%d/%d/%d"):format(vim.loop.os_getpid(), vim.loop.hrtime() / 1e6, count)
end

local function show(entry, value)
  entry.shown = value.kind ~= "end"
  vim.lsp.handlers["$/progress"](
    nil,
    { token = entry.token, value = value },
    { client_id = bridge.client_id(), method = "$/progress" }
  )
end

local function percentage(job)
  return math.floor(job.percentage)
end

local function begin(entry, job)
  show(entry, {
    kind = "begin",
    title = words.doing(job),
    message = words.stage(job),
    percentage = percentage(job),
    cancellable = true,
  })
end

local function tell_others()
  vim.api.nvim_exec_autocmds("User", { pattern = "ReprieveChanged", modeline = false })
end

local function settle(entry, job)
  started[entry.token] = nil
  local message, level = words.ending(job)
  if entry.shown then
    show(entry, { kind = "end", message = message })
  end
  words.tell(message, level)
end

local function entry_of(job)
  for _, entry in pairs(started) do
    if entry.job == job.id then
      return entry
    end
  end
end

--- Start a job. `refused(err)` is called where the bridge does not.
function M.start(method, params, refused)
  local entry = { token = new_token() }
  started[entry.token] = entry
  params = vim.tbl_extend("error", params, {
    workDoneToken = entry.token,
    idempotencyKey = entry.token,
    detach = true,
  })
  asked = asked + 1
  bridge.ask(method, params, function(err, result)
    asked = asked - 1
    if err then
      started[entry.token] = nil
      refused(err)
    else
      entry.job = result.job.id
      if ended[entry.job] then
        settle(entry, ended[entry.job])
      end
    end
    if asked == 0 then
      ended = {}
    end
    tell_others()
  end)
end

function bridge.hooks.progress(token, value)
  local entry = started[token]
  if entry and value.kind ~= "end" then
    entry.job = value.job
    show(entry, value)
  end
end

function bridge.hooks.changed(job)
  local final = job.state == "done" or job.state == "failed"
  local entry = entry_of(job)
  if entry and final then
    settle(entry, job)
  elseif entry and not entry.shown then
    begin(entry, job)
  elseif entry then
    show(entry, { kind = "report", message = words.stage(job), percentage = percentage(job) })
  elseif final and asked > 0 then
    ended[job.id] = job
  end
  tell_others()
end

--- Another bridge has taken over: go on showing what is under way; what is over it may not tell any more.
function bridge.hooks.reopened()
  for _, entry in pairs(started) do
    entry.shown = false
    if entry.job then
      bridge.ask("jobs/get", { job = entry.job }, function(err, job)
        if not err and started[entry.token] then
          bridge.hooks.changed(job)
        end
      end)
    end
  end
end

function bridge.hooks.lost()
  started, ended, asked = {}, {}, 0
end

return M
