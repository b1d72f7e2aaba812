-- :checkhealth reprieve: which bridge is found, where it was looked for, its version, and which database.

local finder = require("reprieve.finder")
local settings = require("reprieve.settings")

local M = {}

local health = vim.health or require("health") -- the names are older and newer than Neovim 0.10
local begin = health.start or health.report_start
local ok = health.ok or health.report_ok
local info = health.info or health.report_info
local warn = health.warn or health.report_warn
local bad = health.error or health.report_error

local function check_places()
  begin("The bridge")
  local found
  for _, place in ipairs(finder.PLACES) do
    local command, wrong = place[2]()
    if wrong then
      bad(wrong)
    elseif command then
      local used = not found and " (this one is used)" or ""
      ok(("%s: %s%s"):format(place[1], table.concat(command, " "), used))
    else
      info(place[1] .. ": none")
    end
    found = found or command
  end
  if not found then
    bad("No `reprieve` was found.", { finder.ADVICE })
  end
  return found
end

local function check_version(command)
  local said = vim.fn.system(vim.list_extend(vim.deepcopy(command), { "--version" }))
  if vim.v.shell_error == 0 then
    ok("it is " .. vim.trim(said))
  else
    bad(("`%s --version` failed: %s"):format(table.concat(command, " "), vim.trim(said)))
  end
end

local function check_database()
  begin("The database")
  local database = settings.database()
  if not database then
    warn("None is set.", { "require('reprieve').setup{ database = '…' }" })
  elseif database:match("^/") and vim.fn.filereadable(database) == 0 then
    warn(database .. " is not there; only a restoration can help.")
  else
    ok(database)
  end
  info("its backups: " .. (settings.store() or "in the store that reprieve knows"))
end

function M.check()
  local command = check_places()
  if command then
    check_version(command)
  end
  check_database()
end

return M
