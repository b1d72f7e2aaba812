-- The commands. Nothing of the plugin is loaded before one of them is used.

if vim.g.loaded_reprieve then
  return
elseif vim.fn.has("nvim-0.7") == 0 then
  return vim.notify("reprieve: Neovim 0.7 or later is needed.", vim.log.levels.ERROR)
end
vim.g.loaded_reprieve = true

local function command(name, does, description, nargs)
  vim.api.nvim_create_user_command(name, function(given)
    require("reprieve")[does](given.args ~= "" and given.args or nil)
  end, { desc = description, nargs = nargs or 0 })
end

command("ReprieveBackup", "backup", "Back the database up now")
command("ReprieveRestore", "restore", "Choose a backup and put it back", "?")
command("ReprieveCancel", "cancel", "Cancel the job that is under way")
command("ReprieveRevert", "revert", "Undo the last restoration")
command("ReprieveList", "list", "Show the backups and the jobs under way")
