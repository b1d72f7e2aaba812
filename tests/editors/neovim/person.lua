-- A person at Neovim: what they are told and shown, what they answer, and how they look at their database.

local M = { told = {}, asked = {}, offered = {}, progress = {} }

local DEADLINE = 60000 -- milliseconds

vim.notify = function(message)
  table.insert(M.told, message)
end

--- What the person will say to every question; by default, nothing is agreed to.
M.agrees = false

--- What somebody does while the person thinks about a question.
M.meanwhile = function() end

vim.fn.confirm = function(question)
  table.insert(M.asked, question)
  M.meanwhile(#M.asked)
  return M.agrees and 1 or 2
end

--- Which of the things that are offered the person chooses.
M.choice = 1

vim.ui.select = function(things, options, go_on)
  M.offered = vim.tbl_map(options.format_item, things)
  go_on(things[M.choice])
end

local function note(value)
  table.insert(M.progress, value)
end

if vim.fn.exists("##LspProgress") == 1 then
  vim.api.nvim_create_autocmd("LspProgress", {
    callback = function(event)
      note({ title = event.data.params.value.title, done = event.data.params.value.kind == "end" })
    end,
  })
else
  vim.api.nvim_create_autocmd("User", {
    pattern = "LspProgressUpdate",
    callback = function()
      for _, shown in ipairs(vim.lsp.util.get_progress_messages()) do
        note({ title = shown.title, done = shown.done == true })
      end
    end,
  })
end

--- Wait for something, for as long as a person would not.
function M.wait(what, is_so)
  assert(vim.wait(DEADLINE, is_so, 5), "waited in vain until " .. what)
end

local function find(texts, part)
  for _, text in ipairs(texts) do
    if text:find(part, 1, true) then
      return text
    end
  end
end

--- Wait to be told this, or something else in its place.
function M.hears(part)
  M.wait("the user was told: " .. part, function()
    return find(M.told, part) ~= nil
  end)
end

function M.was_told(part)
  return find(M.told, part) ~= nil
end

--- Wait until some progress is shown.
function M.sees_progress()
  M.wait("there is progress", function()
    return #M.progress > 0
  end)
end

local function look(...)
  local said = vim.fn.systemlist({ vim.env.TRIED_PYTHON, vim.env.TRIED_LOOKING, vim.env.TRIED_DATABASE, ... })
  assert(vim.v.shell_error == 0, table.concat(said, "\n"))
  return said[1]
end

--- The tag of the database's content.
function M.content()
  return look()
end

--- Somebody changes the database's content.
function M.changes_content(tag)
  assert(look(tag) == tag)
end

--- The process of the bridge: this Neovim's only child.
function M.bridge()
  return vim.api.nvim_get_proc_children(vim.fn.getpid())[1]
end

--- Kill the bridge, and wait until another, or none, has taken its place.
function M.kills_the_bridge()
  local killed = M.bridge()
  assert(vim.loop.kill(killed, "sigkill"))
  M.wait("the bridge was gone", function()
    return M.bridge() ~= killed
  end)
end

--- Forget what there was so far.
function M.forgets()
  M.told, M.asked, M.offered, M.progress = {}, {}, {}, {}
end

return M
