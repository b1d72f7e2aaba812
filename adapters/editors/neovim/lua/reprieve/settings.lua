-- What the user has set: which database, where its backups are, which bridge.
--
-- Knows nothing of how they are used.

local M = {}

local KINDS = {
  database = { string = true },
  store = { string = true },
  bridge = { string = true, table = true },
}

M.current = {}

--- Take the user's settings. Raises an error that names what is wrong with them.
function M.set(given)
  for name, value in pairs(given or {}) do
    local kinds = KINDS[name]
    if not kinds then
      error(("reprieve.setup: there is no setting '%s'; see :help reprieve-settings"):format(name), 0)
    elseif not kinds[type(value)] then
      local wanted = kinds.table and "a string or a list of strings" or "a string"
      error(("reprieve.setup: '%s' must be %s"):format(name, wanted), 0)
    end
  end
  M.current = vim.deepcopy(given or {})
end

local function is_url(name)
  return name:match("^%a[%w+.-]+:") ~= nil -- one letter would be a drive of Windows
end

local function whole(name)
  return is_url(name) and name or vim.fn.fnamemodify(vim.fn.expand(name, true), ":p")
end

--- The database to look after, as the bridge is told it; nil where none is set.
function M.database()
  return M.current.database and whole(M.current.database)
end

--- Whether this is the path of the database, or may be: of a service's only the service knows.
function M.is_own(path)
  local database = M.database()
  return not database or is_url(database) or path == (vim.loop.fs_realpath(database) or database)
end

--- Where its backups are kept; nil where the bridge knows.
function M.store()
  return M.current.store and whole(M.current.store)
end

--- The database in few words.
function M.name()
  local database = M.current.database or "the database"
  return is_url(database) and database or vim.fn.fnamemodify(database, ":t")
end

return M
