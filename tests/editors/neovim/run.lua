-- Runs the case that $TRIED_CASE names, in this Neovim; its exit code is 1 where the case fails.

local here = vim.fn.fnamemodify(debug.getinfo(1, "S").source:sub(2), ":p:h")
package.path = here .. "/?.lua;" .. package.path
vim.opt.runtimepath:append(vim.env.TRIED_PLUGINS .. "/neovim")
vim.opt.swapfile = false
vim.cmd("runtime plugin/reprieve.lua")

local good, trace = xpcall(require("cases")[vim.env.TRIED_CASE], debug.traceback)
if not good then
  local told = vim.inspect(require("person").told)
  io.stderr:write(("%s\n\nthe user was told: %s\n"):format(trace, told))
  vim.cmd("cquit 1")
end
vim.cmd("qall!")
