-- A client for language servers as Neovim has it, with nothing of ours. g:words: PYTHON TARGET OUT
local python, target, out = unpack(vim.g.words)
local start = vim.lsp.start or vim.lsp.start_client
local id = start({ name = "reprieve", cmd = { python, "-m", "reprieve", "bridge", "--stdio", target } })
local client
vim.wait(30000, function()
  client = vim.lsp.get_client_by_id(id)
  return client ~= nil and client.initialized == true
end, 10)
local said
client.request("backups/create", {}, function(error, backup)
  said = vim.fn.json_encode(error or backup)
end)
vim.wait(30000, function() return said ~= nil end, 10)
vim.fn.writefile({ said }, out)
client.stop()
