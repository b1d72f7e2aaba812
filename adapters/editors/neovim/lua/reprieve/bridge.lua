-- One bridge, as a client of Neovim's own LSP machinery: started at the first question, started again once.
--
-- Knows processes, the handshake, and which questions have no answer yet: they are asked again where the
-- bridge died, since none of ours does anything twice (starts carry an idempotency key). Knows nothing of
-- what they mean.

local finder = require("reprieve.finder")
local settings = require("reprieve.settings")
local words = require("reprieve.words")

local M = {}

local PROTOCOL = "1"
local USAGE, CANNOT_OPEN = 2, 4 -- exit codes of the bridge for which starting it again cannot help
local FAREWELL = 3000 -- milliseconds

--- Milliseconds in which a bridge must greet.
--- Before Neovim 0.11 nobody tells of a handshake that was refused.
M.patience = 15000

--- Who listens: `changed(job)`, `progress(token, value)`, `reopened()` and `lost()`.
M.hooks = {}

local client -- of vim.lsp; nil while there is none, or its handshake is not over
local client_id -- of the one that runs, or starts
local waiting = {} -- questions without an answer, in order
local since -- the last change that was heard
local started_again = false
local leaving = false
local complaint -- what the bridge logged as an error

function M.client_id()
  return client_id
end

local function major(version)
  return tostring(version):match("^%d+")
end

--- It is over: nobody's question is answered any more, and the user hears why.
local function give_up(message)
  waiting = {}
  M.hooks.lost()
  words.tell(message, "ERROR")
end

--- A client's functions became methods in Neovim 0.11.
local function on(lsp_client, name, ...)
  if vim.fn.has("nvim-0.11") == 1 then
    return lsp_client[name](lsp_client, ...)
  end
  return lsp_client[name](...)
end

local function send(question)
  local sent_to = client_id
  on(client, "request", question.method, question.params, function(err, result)
    if sent_to ~= client_id or not vim.tbl_contains(waiting, question) then
      return
    end
    waiting = vim.tbl_filter(function(other)
      return other ~= question
    end, waiting)
    question.callback(err, result)
  end)
end

--- Have the bridge end; with `force` it is not asked to. What it then did is not a death.
local function leave(force)
  leaving = true
  local running = vim.lsp.get_client_by_id(client_id)
  if running then
    on(running, "stop", force)
  end
end

--- Part from a bridge that runs, and say why.
local function dismiss(message)
  leave(true)
  give_up(message)
end

local function subscribe(again)
  on(client, "request", "jobs/subscribe", { since = since }, function(err, result)
    if err then
      return dismiss(err.message)
    end
    since = result.seq
    if again then
      M.hooks.reopened()
    end
  end)
end

local function mismatch(spoken)
  local sentence = "The bridge speaks protocol %s and this plugin speaks %s: update the older one of them."
  dismiss(sentence:format(spoken, PROTOCOL))
end

--- The bridge refuses the handshake.
local function ungreeted(err)
  local theirs = err.data and err.data.protocolVersions
  if theirs then
    mismatch(table.concat(theirs, ", "))
  else
    dismiss(err.message)
  end
end

--- The handshake is over: majors must match, and program versions need not.
local function greeted(new_client, result)
  if major(result.protocolVersion) ~= PROTOCOL then
    return mismatch(result.protocolVersion)
  end
  client = new_client
  subscribe(started_again)
  for _, question in ipairs(waiting) do
    send(question)
  end
end

local start

local function ended(code, signal)
  local reason = complaint or ("it ended with exit code %d, signal %d"):format(code, signal)
  client, client_id, complaint = nil, nil, nil
  if leaving then
    leaving = false
    if #waiting > 0 then
      start() -- asked while the one before was on its way out
    end
  elseif code == CANNOT_OPEN then
    give_up(reason)
  elseif code == USAGE then
    give_up("This `reprieve` has no bridge (" .. reason .. "): update it.")
  elseif started_again then
    give_up(("The bridge was started again, and ended again: %s. See :checkhealth reprieve."):format(reason))
  else
    started_again = true
    start()
  end
end

local HANDLERS = {
  ["jobs/didChange"] = function(_, change)
    since = change.seq
    M.hooks.changed(change.job)
  end,
  ["$/progress"] = function(_, progress)
    M.hooks.progress(progress.token, progress.value)
  end,
  ["window/logMessage"] = function(_, logged)
    if logged.type == 1 then
      complaint = logged.message
    end
  end,
}

local function command_line()
  local database = settings.database()
  if not database then
    return nil, "No database is set: require('reprieve').setup{ database = '…' } (:help reprieve-settings)."
  end
  local command, where = finder.find()
  if not command then
    return nil, where
  end
  command = vim.list_extend(vim.deepcopy(command), { "bridge", "--stdio", database })
  if settings.store() then
    vim.list_extend(command, { "--store", settings.store() })
  end
  return command
end

--- A command whose refusal of the handshake is told to us: Neovim itself would only show where it failed.
local function frank(command)
  return function(dispatchers)
    local rpc = vim.lsp.rpc.start(command, dispatchers)
    local request = rpc.request
    rpc.request = function(method, params, callback, ...)
      return request(method, params, function(err, result)
        if err and method == "initialize" then
          return ungreeted(err)
        end
        callback(err, result)
      end, ...)
    end
    return rpc
  end
end

local function start_client(config)
  if vim.fn.has("nvim-0.11") == 1 then
    config.cmd = frank(config.cmd)
    return vim.lsp.start(config, { attach = false })
  end
  return vim.lsp.start_client(config)
end

function start()
  local command, missing = command_line()
  if not command then
    return give_up(missing)
  end
  local id
  local function ours()
    return id == client_id
  end
  local could, given = pcall(start_client, {
    name = "reprieve",
    cmd = command,
    handlers = HANDLERS,
    before_init = function(params)
      params.protocolVersions = { PROTOCOL }
    end,
    on_init = vim.schedule_wrap(function(new_client, result)
      if ours() then
        greeted(new_client, result)
      end
    end),
    on_exit = vim.schedule_wrap(function(code, signal)
      if ours() then
        ended(code, signal)
      end
    end),
  })
  id = could and given or nil
  client_id = id
  if not id then
    return give_up("The bridge " .. command[1] .. " cannot be started. " .. finder.ADVICE)
  end
  vim.defer_fn(function()
    if ours() and not client and not leaving then
      dismiss(("The bridge %s has not greeted in %g s; update it."):format(command[1], M.patience / 1000))
    end
  end, M.patience)
end

--- Ask the bridge something; it is started if need be. `callback(err, result)` is called once, or, where the
--- bridge is lost for good, never: `lost` tells of that.
function M.ask(method, params, callback)
  local question = { method = method, params = params or vim.empty_dict(), callback = callback }
  table.insert(waiting, question)
  if client then
    send(question)
  elseif not client_id then
    started_again = false
    start()
  end
end

--- End the bridge, as it should be ended. What it does for us is cancelled by it, but a backup, which its
--- successor takes up.
function M.stop()
  if not client_id then
    return
  end
  waiting, since = {}, nil
  M.hooks.lost()
  leave(not client)
  vim.wait(FAREWELL, function()
    return client_id == nil
  end, 10)
end

return M
