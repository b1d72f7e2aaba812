-- The buffer `reprieve://`: jobs under way and backups, newest first, and keys for what one can do with them.

local bridge = require("reprieve.bridge")
local settings = require("reprieve.settings")
local words = require("reprieve.words")

local M = {}

local NAME = "reprieve://backups"
local KEYS = "<CR> restore   b back up   c cancel   u revert   R refresh   q close"

local shown = {} -- the backup of each line that shows one

local function buffer()
  local number = vim.fn.bufnr("^" .. NAME .. "$")
  return number ~= -1 and vim.api.nvim_buf_is_loaded(number) and number or nil
end

local function draw(target, backups, unsettled)
  local lines = { settings.name(), KEYS, "" }
  for _, job in ipairs(unsettled) do
    table.insert(lines, ("  %s: %s"):format(words.doing(job), words.standing(job)))
  end
  shown = {}
  for _, backup in ipairs(backups) do
    table.insert(lines, "  " .. words.backup(backup))
    shown[#lines] = backup
  end
  if #backups == 0 then
    table.insert(lines, "  There is no backup yet.")
  end
  vim.bo[target].modifiable = true
  vim.api.nvim_buf_set_lines(target, 0, -1, false, lines)
  vim.bo[target].modifiable = false
end

--- Show how things stand now; nothing where the buffer is closed.
function M.refresh()
  if not buffer() then
    return
  end
  require("reprieve").backups(function(backups)
    bridge.ask("jobs/list", { unsettled = true }, function(err, result)
      local target = buffer()
      if target and not err then
        draw(target, backups, result.items)
      end
    end)
  end)
end

local function under_cursor()
  local backup = shown[vim.api.nvim_win_get_cursor(0)[1]]
  if backup then
    require("reprieve").restore(backup.id)
  end
end

local function make()
  local target = vim.api.nvim_create_buf(true, true)
  vim.api.nvim_buf_set_name(target, NAME)
  vim.bo[target].bufhidden = "wipe"
  vim.bo[target].filetype = "reprieve"
  vim.bo[target].modifiable = false
  local reprieve = require("reprieve")
  for key, does in pairs({
    ["<CR>"] = under_cursor,
    b = reprieve.backup,
    c = reprieve.cancel,
    u = reprieve.revert,
    R = M.refresh,
    q = "<Cmd>close<CR>",
  }) do
    vim.keymap.set("n", key, does, { buffer = target, nowait = true })
  end
  vim.api.nvim_create_autocmd("User", {
    pattern = "ReprieveChanged",
    callback = M.refresh,
    group = vim.api.nvim_create_augroup("ReprieveListing", { clear = true }),
  })
  return target
end

--- Open the buffer, or go to it.
function M.open()
  local target = buffer() or make()
  local window = vim.fn.bufwinid(target)
  if window ~= -1 then
    vim.api.nvim_set_current_win(window)
  else
    vim.cmd("botright split")
    vim.api.nvim_win_set_buf(0, target)
  end
  M.refresh()
end

return M
