-- What one can do: back up, restore, cancel, revert, list.
--
-- Each asks the user what it must, and then the bridge.

local bridge = require("reprieve.bridge")
local jobs = require("reprieve.jobs")
local settings = require("reprieve.settings")
local words = require("reprieve.words")

local M = {}

local PLAN_STALE = 1412

local function refused(err)
  words.tell(err.message, "ERROR")
end

--- Ask, and go on only with an answer.
local function ask(method, params, go_on)
  bridge.ask(method, params, function(err, result)
    if err then
      refused(err)
    else
      go_on(result)
    end
  end)
end

local function agrees(question, deed)
  return vim.fn.confirm(question, ("&%s\n&Leave it as it is"):format(deed), 2, "Warning") == 1
end

--- Set what the user has chosen; a bridge that runs with other settings is ended.
--- `database` (a path or a URL), `store`, `bridge` (a program, or a list of words): :help reprieve-settings.
function M.setup(options)
  bridge.stop()
  settings.set(options)
end

--- Back the database up now.
function M.backup()
  jobs.start("backups/create", {}, refused)
end

--- Every backup, newest first: `go_on(backups)`.
function M.backups(go_on)
  local found = {}
  local function page(cursor)
    ask("backups/list", { cursor = cursor }, function(result)
      for _, backup in ipairs(result.items) do
        table.insert(found, 1, backup)
      end
      if result.nextCursor then
        page(result.nextCursor)
      else
        go_on(found)
      end
    end)
  end
  page(nil)
end

local function put_back(backup, changed_meanwhile)
  ask("backup/restorePlan", { backup = backup }, function(plan)
    local question = (changed_meanwhile and "It has changed meanwhile. " or "") .. plan.message
    if not agrees(question, "Restore") then
      return
    end
    local by = changed_meanwhile and { confirm = true } or { planToken = plan.planToken }
    by.backup = backup
    jobs.start("backup/restore", by, function(err)
      if err.code == PLAN_STALE then
        return put_back(backup, true) -- while others write, no plan lasts: the second word of a person counts
      end
      refused(err)
    end)
  end)
end

--- Put a backup back in place of the whole database: the one with this id, or one that is chosen.
function M.restore(backup)
  if backup then
    return put_back(backup)
  end
  M.backups(function(backups)
    if #backups == 0 then
      return words.tell("There is no backup yet; :ReprieveBackup makes the first.", "WARN")
    end
    vim.ui.select(backups, {
      prompt = ("Restore %s as it was on"):format(settings.name()),
      kind = "reprieve",
      format_item = words.backup,
    }, function(chosen)
      if chosen then
        put_back(chosen.id)
      end
    end)
  end)
end

local function cancel(job)
  ask("jobs/cancel", { job = job.id }, function(answer)
    if not answer.accepted then
      local after = job.kind == "restoration" and " :ReprieveRevert brings back what was there before." or ""
      words.tell("The cancel came too late; the job has ended." .. after, "WARN")
    end
  end)
end

--- Cancel the job that is under way; of several, the one that is chosen.
function M.cancel()
  ask("jobs/list", { unsettled = true }, function(result)
    if #result.items == 0 then
      words.tell("No job is under way.")
    elseif #result.items == 1 then
      cancel(result.items[1])
    else
      vim.ui.select(result.items, {
        prompt = "Cancel",
        kind = "reprieve",
        format_item = function(job)
          return ("%s  %s"):format(words.doing(job), words.standing(job))
        end,
      }, function(chosen)
        if chosen then
          cancel(chosen)
        end
      end)
    end
  end)
end

--- Undo the last restoration.
function M.revert()
  ask("database/undoCopies", nil, function(result)
    local copy = result.items[1]
    if not copy then
      return words.tell("There is no restoration to undo.", "WARN")
    end
    local question = ("%s is replaced by what it held before %s, on %s (%s)."):format(
      settings.name(),
      copy.reason,
      words.made(copy.created),
      words.size(copy.bytes)
    )
    if agrees(question, "Revert") then
      jobs.start("database/revert", { confirm = true, undo = copy.id }, refused)
    end
  end)
end

--- Show the backups and the jobs under way in a buffer.
function M.list()
  require("reprieve.listing").open()
end

return M
