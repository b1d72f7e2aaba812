-- Which program is the bridge: the first of five places that has one.
--
-- Knows files and programs; starts no bridge.

local settings = require("reprieve.settings")

local M = {}

local WINDOWS = vim.fn.has("win32") == 1
local ROOT = vim.fn.fnamemodify(debug.getinfo(1, "S").source:sub(2), ":p:h:h:h")

M.ADVICE = "Install it (`pip install reprieve`), or name it: require('reprieve').setup{ bridge = '…' }. "
  .. ":checkhealth reprieve says where it was looked for."

local function runs(program)
  return vim.fn.executable(program) == 1
end

local function is_absolute(path)
  return path:match("^/") ~= nil or (WINDOWS and path:match("^%a:[/\\]") ~= nil)
end

--- The path of a program: `name`, if it is one, or what PATH has by that name. The current folder is not
--- looked at, though PATH (and Windows) may say so: what lies in it is not the user's choice.
local function program(name)
  if is_absolute(name) then
    return runs(name) and name or nil
  end
  for _, folder in ipairs(vim.split(vim.env.PATH or "", WINDOWS and ";" or ":", { plain = true })) do
    local path = folder .. "/" .. name .. (WINDOWS and not name:match("%.exe$") and ".exe" or "")
    if is_absolute(folder) and runs(path) then
      return path
    end
  end
end

--- A program that somebody named: it is used, or it is an error, but never passed over.
local function named(command, by)
  local path = program(command[1])
  if path then
    return vim.list_extend({ path }, command, 2)
  end
  return nil, ("%s names %s, which is no program."):format(by, command[1])
end

local function by_setting()
  local bridge = settings.current.bridge
  if bridge then
    local command = type(bridge) == "table" and bridge or { vim.fn.expand(bridge, true) }
    return named(command, "The setting 'bridge'")
  end
end

local function by_environment()
  local bridge = vim.env.REPRIEVE_BRIDGE
  if bridge and bridge ~= "" then
    return named({ bridge }, "The environment variable REPRIEVE_BRIDGE")
  end
end

local function bundled()
  local path = program(ROOT .. "/bin/reprieve" .. (WINDOWS and ".exe" or ""))
  return path and { path }
end

-- -P: a folder `reprieve` in the working directory is not what is meant, and must not be run.
local HAS_REPRIEVE = "import importlib.util as u, sys; sys.exit(u.find_spec('reprieve') is None)"

local function of_interpreter()
  local environment = vim.env.VIRTUAL_ENV
  local inside = environment and environment .. (WINDOWS and "/Scripts/python.exe" or "/bin/python")
  for _, python in ipairs({ vim.g.python3_host_prog or "", inside or "" }) do
    python = program(vim.fn.expand(python, true))
    if python then
      vim.fn.system({ python, "-P", "-c", HAS_REPRIEVE })
      if vim.v.shell_error == 0 then
        return { python, "-P", "-m", "reprieve" }
      end
    end
  end
end

local function on_path()
  local path = program("reprieve")
  return path and { path }
end

M.PLACES = {
  { "the setting 'bridge'", by_setting },
  { "the environment variable REPRIEVE_BRIDGE", by_environment },
  { "the plugin's own folder bin/", bundled },
  { "the selected interpreter (g:python3_host_prog, $VIRTUAL_ENV)", of_interpreter },
  { "PATH", on_path },
}

--- The command that starts `reprieve`, and where it was found; or nil, and what to do.
function M.find()
  for _, place in ipairs(M.PLACES) do
    local command, wrong = place[2]()
    if command or wrong then
      return command, wrong or place[1]
    end
  end
  return nil, "No `reprieve` was found. " .. M.ADVICE
end

return M
